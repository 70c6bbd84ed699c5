import CKernels
import COpenBLAS
import Operations

extension CPUBackend {
    public func project(_ x: CPUMatrix, columns: Range<Int>, by weight: CPUWeight) -> CPUMatrix {
        precondition(columns.count == weight.inputs, "\(weight.inputs) inputs for \(columns.count) columns")
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        let y = make(rows: x.rows, columns: weight.outputs)
        let operand = operand(x, columns: columns, of: weight)
        withExtendedLifetime((operand, weight, y)) {
            let product = ck_product(
                x: operand.row(0), x_stride: operand.stride, panels: weight.panel(0), inputs: weight.inputs,
                outputs: weight.outputs, y: y.row(0), y_stride: y.stride, following: 0)
            let panels = weight.panelCount
            let work = x.rows * panels * weight.layout.floats(weight.inputs)
            if weight.layout == .rowMajor {
                multiply(product, weight.layout, rows: 0..<x.rows, panels: 0..<panels)
            } else if panels >= 4 * threads {
                split(panels, work: work) { multiply(product, weight.layout, rows: 0..<x.rows, panels: $0) }
            } else {
                split(x.rows, work: work) { multiply(product, weight.layout, rows: $0, panels: 0..<panels) }
            }
        }
        return y
    }

    /// Some rows of some panels of y; of a row-major weight all of them.
    func multiply(_ product: ck_product, _ layout: CPUWeight.Layout, rows: Range<Int>, panels: Range<Int>) {
        withUnsafePointer(to: product) { product in
            switch layout {
            case .panels:
                kernels.product(product, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
            case .pairs:
                kernels.product_bf16(product, rows.lowerBound, rows.upperBound, panels.lowerBound, panels.upperBound)
            case .rowMajor: multiplyByOpenBLAS(product.pointee, rows: rows.count)
            }
        }
    }

    /// The rows of a product's left side, in the form that a weight's product reads.
    struct Operand {
        fileprivate let matrix: CPUMatrix
        fileprivate let firstColumn: Int

        var stride: Int { matrix.stride }

        /// The first value of row `row`; valid while the operand is kept alive.
        func row(_ row: Int) -> UnsafeMutablePointer<Float> { matrix.row(row) + firstColumn }
    }

    /// x[:, columns], rounded once where the product wants bfloat16.
    func operand(_ x: CPUMatrix, columns: Range<Int>, of weight: CPUWeight) -> Operand {
        guard weight.layout == .pairs else { return Operand(matrix: x, firstColumn: columns.lowerBound) }
        let bytes = (columns.count + 1) / 2 * 2 * kernels.rounded_bytes
        let rounded = make(rows: x.rows, columns: bytes / MemoryLayout<Float>.size)
        withExtendedLifetime((x, rounded)) {
            split(x.rows, work: x.rows * columns.count) { rows in
                let first = rows.lowerBound
                kernels.round_rows(
                    x.row(first) + columns.lowerBound, x.stride, rows.count, columns.count, rounded.row(first),
                    rounded.stride)
            }
        }
        return Operand(matrix: rounded, firstColumn: 0)
    }

    /// The same product of a row-major weight, which `panels` points at.
    private func multiplyByOpenBLAS(_ product: ck_product, rows: Int) {
        guard rows > 0, product.outputs > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, Int32(rows), Int32(product.outputs), Int32(product.inputs), 1,
            product.x.assumingMemoryBound(to: Float.self), Int32(product.x_stride),
            product.panels.assumingMemoryBound(to: Float.self), Int32(max(1, product.inputs)), 0, product.y,
            Int32(product.y_stride))
    }

    /// Packs row-major values [outputs, inputs] into a weight of panels or pairs.
    func pack(_ values: UnsafeRawPointer?, _ element: ck_element, into weight: CPUWeight) {
        guard let values, weight.outputs > 0 else { return }
        withExtendedLifetime(weight) {
            split(weight.panelCount, work: weight.outputs * weight.inputs) { panels in
                let (first, last) = (panels.lowerBound, panels.upperBound)
                if weight.layout == .pairs {
                    kernels.pack_bf16(
                        values, element, weight.outputs, weight.inputs, first, last, weight.pairs)
                } else {
                    kernels.pack(values, element, weight.outputs, weight.inputs, first, last, weight.values)
                }
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
                case .pairs: ck_unpack_row_bf16(table.pairs, table.inputs, token, x.row(row))
                case .rowMajor: x.row(row).update(from: table.values + token * table.inputs, count: table.inputs)
                }
            }
        }
        return x
    }
}
