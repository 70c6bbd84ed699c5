import Backends
import Testing

@Suite("Cores to keep to")
struct CoresTests {
    @Test(
        "are single numbers and ranges, in any order",
        arguments: [("0", [0]), ("2-4", [2, 3, 4]), ("7,2-3,3", [2, 3, 7]), ("5-5", [5])])
    func text(text: String, numbers: [Int]) throws { #expect(Cores(text)?.numbers == numbers) }

    @Test("are nothing else", arguments: ["", ",", "a", "1-", "-1", "3-2", "1-2-3", "0,,1", "1 ", "0-99999999"])
    func mistakes(text: String) { #expect(Cores(text) == nil) }

    @Test("that the process does not have are refused with those that it has")
    func refused() throws {
        guard let usable = Cores.usable else { return }
        let cores = try #require(Cores("60000"))
        let error = #expect(throws: PinError.self) { try cores.pin() }
        #expect(error?.description.contains("name cores of \(usable)") == true)
        #expect(Cores.usable == usable)
    }
}
