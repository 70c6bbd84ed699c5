import CKernels
import COpenBLAS
import Operations

extension CPUBackend {
    public func project(_ x: CPUMatrix, columns: Range<Int>, by weight: CPUWeight) -> CPUMatrix {
        precondition(columns.count == weight.inputs, "\(weight.inputs) inputs for \(columns.count) columns")
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        let y = make(rows: x.rows, columns: weight.outputs)
        withExtendedLifetime((x, weight, y)) {
            let product = ck_product(
                x: x.row(0) + columns.lowerBound, x_stride: x.stride, panels: weight.values, inputs: weight.inputs,
                outputs: weight.outputs, y: y.row(0), y_stride: y.stride)
            switch weight.layout {
            case .panels: multiply(product, rows: x.rows)
            case .rowMajor: multiplyByOpenBLAS(product, rows: x.rows)
            }
        }
        return y
    }

    /// All of y, split by panels where there are enough of them, else by rows.
    private func multiply(_ product: ck_product, rows: Int) {
        let panels = CPUWeight.panelCount(product.outputs)
        let work = rows * panels * product.inputs
        withUnsafePointer(to: product) { product in
            if panels >= 4 * threads {
                split(panels, work: work) { kernels.product(product, 0, rows, $0.lowerBound, $0.upperBound) }
            } else {
                split(rows, work: work) { kernels.product(product, $0.lowerBound, $0.upperBound, 0, panels) }
            }
        }
    }

    /// The same product of a row-major weight, which `panels` points at.
    func multiplyByOpenBLAS(_ product: ck_product, rows: Int) {
        guard rows > 0, product.outputs > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(product.outputs), Int32(product.inputs), 1,
            product.x, Int32(product.x_stride), product.panels, Int32(max(1, product.inputs)), 0, product.y,
            Int32(product.y_stride))
    }

    /// Packs row-major values [outputs, inputs] into a weight of panels.
    func pack(_ values: UnsafeRawPointer?, _ element: ck_element, into weight: CPUWeight) {
        guard let values, weight.outputs > 0 else { return }
        withExtendedLifetime(weight) {
            split(weight.panelCount, work: weight.outputs * weight.inputs) { panels in
                kernels.pack(
                    values, element, weight.outputs, weight.inputs, panels.lowerBound, panels.upperBound,
                    weight.values)
            }
        }
    }

    public func embed(_ tokens: [Int32], table: CPUWeight) -> CPUMatrix {
        let x = make(rows: tokens.count, columns: table.inputs)
        withExtendedLifetime((table, x)) {
            for (row, token) in tokens.enumerated() {
                let token = Int(token)
                precondition(token >= 0 && token < table.outputs, "token \(token) of a vocabulary of \(table.outputs)")
                switch table.layout {
                case .panels: ck_unpack_row(table.values, table.inputs, token, x.row(row))
                case .rowMajor: x.row(row).update(from: table.values + token * table.inputs, count: table.inputs)
                }
            }
        }
        return x
    }
}
