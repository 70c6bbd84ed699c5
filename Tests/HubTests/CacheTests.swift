import Foundation
import Hub
import Testing

@Suite("The cache")
struct CacheTests {
    @Test(
        "stands where the environment says",
        arguments: [
            (["MOLT_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"], "/a"),
            (["XDG_CACHE_HOME": "/b", "HOME": "/c"], "/b/molt"),
            (["XDG_CACHE_HOME": "relative", "HOME": "/c"], "/c/.cache/molt"),
            (["MOLT_CACHE": "", "HOME": "/c"], "/c/.cache/molt"),
        ])
    func place(environment: [String: String], path: String) {
        #expect(Cache.standard(environment: environment).root.path == path)
    }
}
