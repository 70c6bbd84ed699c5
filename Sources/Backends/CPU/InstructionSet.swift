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

    var kernels: Kernels? { ck_kernels_for(kernelName).map(Kernels.init) }

    /// Nil where rows are matched by whole products only.
    var matcher: Matcher? { ck_matcher_for(kernelName).map(Matcher.init) }

    private var kernelName: ck_instruction_set {
        switch self {
        case .avx512bf16: ck_avx512bf16
        case .avx512: ck_avx512
        case .avx2: ck_avx2
        case .portable: ck_portable
        }
    }
}

typealias Kernels = FunctionTable<ck_kernels>
typealias Matcher = FunctionTable<ck_matcher>

/// A table of C functions: constant, so any thread may read it.
@dynamicMemberLookup
struct FunctionTable<Functions>: @unchecked Sendable {
    private let table: UnsafePointer<Functions>

    init(_ table: UnsafePointer<Functions>) { self.table = table }

    subscript<Function>(dynamicMember function: KeyPath<Functions, Function>) -> Function {
        table.pointee[keyPath: function]
    }
}
