import NIOCore
import NIOHTTPTypes

/// Closes connections of peers that take too long: to send a request, or to read an answer.
///
/// A request's head has to be whole so many seconds after the connection began or the last answer ended, however its
/// bytes trickle in, and its body so many after that. An answer that nobody reads for a while is given up.
final class ConnectionDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let request: TimeAmount
    private let stall: TimeAmount
    private var requestEnd: Scheduled<Void>?
    private var stallEnd: Scheduled<Void>?

    init(_ limits: DashboardOptions.Limits) {
        request = .seconds(limits.requestSeconds)
        stall = .seconds(limits.stallSeconds)
    }

    func handlerAdded(context: ChannelHandlerContext) { expectRequest(context) }

    func channelInactive(context: ChannelHandlerContext) {
        requestEnd?.cancel()
        stallEnd?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: expectRequest(context)
        case .body: break
        case .end: requestEnd?.cancel()
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { expectRequest(context) }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stallEnd?.cancel()
        if !context.channel.isWritable { stallEnd = closing(context, in: stall) }
        context.fireChannelWritabilityChanged()
    }

    private func expectRequest(_ context: ChannelHandlerContext) {
        requestEnd?.cancel()
        requestEnd = closing(context, in: request)
    }

    private func closing(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
