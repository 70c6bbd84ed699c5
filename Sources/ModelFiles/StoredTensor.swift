/// A tensor as a weight file declares it, before anybody needs it: its type may be one that Molt does not read.
struct StoredTensor {
    let name: String
    let shape: [Int]
    /// The file's name for the type.
    let typeName: String
    /// Nil when the type is not one that Molt reads.
    let elementType: ElementType?
    let file: MappedFile
    /// Where the values lie in the file.
    let range: Range<Int>
}

/// Bytes that a shape takes; nil when an extent is negative or the product overflows.
func byteCount(shape: [Int], type: ElementType) -> Int? {
    var product = type.byteCount
    for extent in shape {
        let (next, overflow) = product.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow else { return nil }
        product = next
    }
    return product
}
