import Foundation
import Store

/// Waits for a store to hold rows, woken by the file system's word that its log changed; returns the run's name, or nil
/// when `goesOn` no longer holds.
func waitForRows(in store: String, atLeast count: Int, while goesOn: () -> Bool) -> String? {
    let changes = FolderChanges(URL(fileURLWithPath: store).deletingLastPathComponent())
    while goesOn() {
        if let reader = try? StoreReader(store),
            let run = try? reader.read({ try $0.runs().last }), run.rows >= count
        {
            return run.run
        }
        changes.wait(seconds: 1)
    }
    return nil
}

/// Wakes its owner when a file of a folder is written (inotify).
final class FolderChanges {
    private let descriptor = inotify_init1(Int32(IN_CLOEXEC))

    init(_ folder: URL) {
        _ = inotify_add_watch(descriptor, folder.path, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO))
    }

    deinit { close(descriptor) }

    /// Returns at the next change, or after so many seconds.
    func wait(seconds: Int32) {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&item, 1, seconds * 1000) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 4096)
        _ = read(descriptor, &buffer, buffer.count)
    }
}
