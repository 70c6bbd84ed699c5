import CKernels
import Foundation

/// An instruction set for which the CPU kernels are compiled; all give the same bits.
public enum InstructionSet: String, Sendable, CaseIterable {
    /// AVX-512 with an instruction for pairs of bfloat16, on processors where it gives the bits that the others give.
    case avx512bf16
    case avx512
    case avx2
    case portable

    /// Those that this processor runs, fastest first.
    public static var available: [InstructionSet] { allCases.filter { $0.kernels != nil } }

    /// The fastest available, or the environment's `MOLT_ISA` where that names an available one.
    public static var preferred: InstructionSet {
        let named = ProcessInfo.processInfo.environment["MOLT_ISA"].flatMap(InstructionSet.init)
        if let named, named.kernels != nil { return named }
        return available.first ?? .portable
    }

    var kernels: Kernels? {
        switch self {
        case .avx512bf16: ck_kernels_for(ck_avx512bf16).map(Kernels.init)
        case .avx512: ck_kernels_for(ck_avx512).map(Kernels.init)
        case .avx2: ck_kernels_for(ck_avx2).map(Kernels.init)
        case .portable: ck_kernels_for(ck_portable).map(Kernels.init)
        }
    }
}

/// A table of C kernels: constant, so any thread may read it.
@dynamicMemberLookup
struct Kernels: @unchecked Sendable {
    private let table: UnsafePointer<ck_kernels>

    init(_ table: UnsafePointer<ck_kernels>) { self.table = table }

    subscript<Kernel>(dynamicMember kernel: KeyPath<ck_kernels, Kernel>) -> Kernel { table.pointee[keyPath: kernel] }
}
