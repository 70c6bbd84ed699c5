import Backends
import Operations
import TestDevices
import Testing

@Suite("What a device says of itself")
struct DevicePropertiesTests {
    @Test(
        "a CPU's name is the first processor's, without the padding that some carry",
        arguments: [
            (
                "processor\t: 0\nmodel name\t: AMD EPYC 9B45\nflags\t\t: fpu\nprocessor\t: 1\nmodel name\t: another",
                "AMD EPYC 9B45"
            ),
            ("model name  :  Intel(R)  Xeon(R) CPU   @ 2.20GHz  \n", "Intel(R) Xeon(R) CPU @ 2.20GHz"),
            ("model name\t: with: a colon\n", "with: a colon"),
            ("model\t: 17\nmodel name\t:\n", ""), ("", ""),
        ])
    func names(text: String, name: String) {
        #expect(Processor.name(in: text) == name)
    }

    @Test("a CPU names its instruction set, its cores and the machine's memory", arguments: InstructionSet.available)
    func cpu(set: InstructionSet) {
        let properties = CPUBackend(instructionSet: set).deviceProperties
        #expect(properties.kind == .cpu && properties.architecture == set.rawValue && properties.name == Processor.name)
        #expect(properties.computeUnits == Cores.usable?.numbers.count && properties.memoryBytes > 1 << 28)
        #expect(Profiled(CPUBackend(instructionSet: set)).deviceProperties == properties)
        let definition = ReferenceBackend().deviceProperties
        #expect(definition.architecture.isEmpty && definition.memoryBytes == properties.memoryBytes)
    }

    @Test(
        "a GPU names its architecture, its multiprocessors and its own memory",
        .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"), arguments: CUDADevices.available)
    func cuda(device: CUDADevices) throws {
        let backend = try CUDABackend(device.device(megabytes: 1))
        let properties = backend.deviceProperties
        #expect(properties.kind == .cuda && properties.computeUnits > 0 && properties.memoryBytes >= 1 << 30)
        switch device {
        case .host, .hostBackwards:
            #expect(properties.name == device.rawValue && properties.architecture.isEmpty)
            #expect(properties.memoryBytes == 4 << 30)
        case .gpu: #expect(properties.architecture.hasPrefix("sm_") && !properties.name.isEmpty)
        }
    }
}
