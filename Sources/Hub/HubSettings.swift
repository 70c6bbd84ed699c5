import Foundation

/// Where the hub is, who asks, and whether the network may be used, as the environment says.
///
/// `HF_ENDPOINT` (https://huggingface.co), `MOLT_DATASETS_ENDPOINT` (https://datasets-server.huggingface.co),
/// `HF_TOKEN`, `HF_HUB_OFFLINE` (1, on, yes or true), `SSL_CERT_FILE` (certificates that replace the system's), and
/// the proxies that libcurl knows: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`.
public struct HubSettings: Sendable {
    /// Whether to stay off the network.
    public var isOffline: Bool
    let endpoint: Endpoint
    let datasets: Endpoint
    let token: Token?
    let certificates: String?

    /// For a server that is not the hub.
    init(endpoint: Endpoint, token: Token?, certificates: String?) {
        isOffline = false
        self.endpoint = endpoint
        datasets = endpoint
        self.token = token
        self.certificates = certificates
    }

    /// - Throws: `HubError` for an address or token that cannot be right, and where a token would travel unencrypted.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(HubError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let token: Token?
        if let secret = value("HF_TOKEN") {
            token = try Token(secret.trimmingCharacters(in: .whitespacesAndNewlines), variable: "HF_TOKEN")
        } else {
            token = nil
        }
        func endpoint(_ variable: String, default address: String) throws(HubError) -> Endpoint {
            let endpoint = try Endpoint(value(variable) ?? address, variable: variable)
            guard token == nil || endpoint.origin.isEncrypted || endpoint.origin.isLoopback else {
                throw HubError(
                    .setting,
                    "\(variable) is not encrypted, and HF_TOKEN would travel in the clear; use https:// or unset HF_TOKEN"
                )
            }
            return endpoint
        }
        self.token = token
        self.endpoint = try endpoint("HF_ENDPOINT", default: "https://huggingface.co")
        datasets = try endpoint("MOLT_DATASETS_ENDPOINT", default: "https://datasets-server.huggingface.co")
        isOffline = ["1", "on", "yes", "true"].contains(value("HF_HUB_OFFLINE")?.lowercased() ?? "")
        certificates = value("SSL_CERT_FILE")
    }
}
