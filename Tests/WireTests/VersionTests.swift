import Testing
import Wire

@Suite("ProtocolVersion")
struct VersionTests {
    @Test(
        "peers agree on the newest version that both speak",
        arguments: [
            (256, 256, 256), (256, 257, 257), (256, 300, 259), (0, 256, 256), (0, 255, nil), (257, 300, 259),
            (260, 300, nil),
            (300, 256, nil),
            (512, 512, nil), (256, UInt32.max, 259),
        ] as [(UInt32, UInt32, UInt32?)])
    func agreement(minimum: UInt32, maximum: UInt32, agreed: UInt32?) {
        #expect(ProtocolVersion.agreed(withMinimum: minimum, maximum: maximum)?.number == agreed)
    }

    @Test("versions order by major, then minor, and fit in sixteen bits")
    func order() {
        #expect(ProtocolVersion(major: 1, minor: 255) < ProtocolVersion(major: 2, minor: 0))
        #expect(ProtocolVersion(number: 0x0203)?.description == "2.3")
        #expect(ProtocolVersion(number: 0x1_0000) == nil)
    }
}
