import Foundation
import Mamba
import Testing

@Suite("The specification of a reduction")
struct ReductionTests {
    @Test("what is left out takes its default, and the canonical text says so")
    func defaults() throws {
        let short = try Reduction(json: Data(#"{"method":"utrc","flops":0.2}"#.utf8))
        #expect(
            short.canonicalJSON
                == #"{"flops":0.2,"hidden_prune":0.5,"importance":"clip","method":"utrc","residual_prune":0,"#
                + #""scope":"context","source":"ssm","variant":"paper"}"#)
        let long = try Reduction(
            json: Data(
                """
                {"source": "ssm", "variant": "paper", "scope": "context", "align": "position", "method": "utrc",
                 "importance": "clip", "residual_prune": 0.0, "hidden_prune": 0.5, "flops": 2e-1, "layers": null}
                """.utf8))
        #expect(long == short)
        #expect(Reduction.none.canonicalJSON == #"{"method":"none"}"#)
        #expect(
            try Reduction(method: .pumer, amount: .flops(0.2), importance: .l2, hiddenPrune: 1).canonicalJSON
                == #"{"flops":0.2,"method":"pumer","scope":"context","source":"ssm","variant":"paper"}"#)
        #expect(
            try Reduction(method: .random, amount: .flops(0.2), source: .block, seed: 3).canonicalJSON
                == #"{"flops":0.2,"method":"random","scope":"context","seed":3,"variant":"paper"}"#)
        #expect(
            try Reduction(method: .evit, amount: .flops(0.2), importance: .l1, variant: .released).canonicalJSON
                == #"{"flops":0.2,"method":"evit","scope":"context","source":"block","variant":"released"}"#)
    }

    @Test(
        "none is none, however it is written",
        arguments: [
            #"{"method":"none"}"#, #""none""#, #"{"method":"none","layers":[],"keep_ratio":1.0}"#,
            #"{"method":"none","importance":"l2","scope":"sequence"}"#,
        ])
    func none(json: String) throws {
        #expect(try Reduction(json: Data(json.utf8)) == .none)
    }

    @Test(
        "the canonical text reads back as the same reduction",
        arguments: [
            #"{"method":"none"}"#, #"{"method":"utrc","keep_ratio":1}"#,
            #"{"method":"utrc","keep_ratio":0.7,"layers":[1,3],"importance":"l1","source":"block"}"#,
            #"{"method":"utrc","flops":0.123456789012345,"scope":"sequence","align":"position","hidden_prune":1}"#,
            #"{"method":"evit","flops":0.2,"importance":"noclip","source":"gated"}"#,
            #"{"method":"front","keep_ratio":0.5}"#, #"{"method":"random","flops":0.2,"seed":9007199254740991}"#,
            #"{"method":"utrc","flops":0.2,"variant":"released","source":"block","scope":"sequence"}"#,
            #"{"method":"pumer","flops":0.2,"source":"block"}"#, #"{"method":"ltmp","flops":0.3,"importance":"l2"}"#,
        ])
    func roundTrip(json: String) throws {
        let reduction = try Reduction(json: Data(json.utf8))
        #expect(try Reduction(json: Data(reduction.canonicalJSON.utf8)) == reduction)
        #expect(try JSONDecoder().decode(Reduction.self, from: JSONEncoder().encode(reduction)) == reduction)
    }

    @Test(
        "a wrong specification says what is wrong and what would be right",
        arguments: [
            ("", "not JSON"), ("{", "not JSON"), ("[]", "must be a JSON object"), ("7", "must be a JSON object"),
            ("null", "must be a JSON object"), ("{}", "no method; known: none, utrc"),
            (
                #"{"method":"utrk","flops":0.2}"#,
                "unknown method 'utrk'; known: none, utrc, evit, pumer, ltmp, front, random"
            ),
            (#""utrk""#, "unknown method 'utrk'; known: none, utrc"), (#""utrc""#, "needs keep_ratio or flops"),
            (#"{"method":"pumer","flops":0.2,"importance":"l1"}"#, "pumer does not read importance; leave it out"),
            (#"{"method":"evit","flops":0.2,"hidden_prune":1}"#, "evit does not read hidden_prune"),
            (#"{"method":"ltmp","flops":0.2,"residual_prune":0}"#, "ltmp does not read residual_prune"),
            (
                #"{"method":"ltmp","flops":0.2,"variant":"released"}"#,
                "ltmp has no variant 'released'; leave variant out"
            ),
            (#"{"method":"front","flops":0.2,"variant":"released"}"#, "front has no variant 'released'"),
            (#"{"method":"front","flops":0.2,"source":"ssm"}"#, "front does not read source; leave it out"),
            (#"{"method":"front","flops":0.2,"seed":1}"#, "front does not read seed; leave it out"),
            (#"{"method":"random","flops":0.2,"importance":"l1"}"#, "random does not read importance"),
            (#"{"method":"random","flops":0.2,"seed":-1}"#, "seed -1 is out of range; allowed: a whole number from 0"),
            (#"{"method":"random","flops":0.2,"seed":9007199254740992}"#, "to 9007199254740991"),
            (#"{"method":"random","flops":0.2,"seed":1.5}"#, "seed must be a whole number"),
            (
                #"{"method":"evit","flops":0.2,"variant":"released","importance":"l1"}"#,
                "evit as released does not read importance; leave it out"
            ),
            (
                #"{"method":"utrc","flops":0.2,"variant":"released","hidden_prune":1}"#,
                "utrc as released does not read hidden_prune"
            ),
            (
                #"{"method":"pumer","flops":0.2,"variant":"released","source":"ssm"}"#,
                "pumer as released does not read source 'ssm', only block; leave source out"
            ),
            (#"{"method":3}"#, "method must be a name"),
            (#"{"method":"utrc"}"#, "utrc needs keep_ratio or flops"),
            (#"{"method":"utrc","flops":0.2,"keep_ratio":0.7}"#, "both given"),
            (#"{"method":"utrc","flops":0.2,"keepratio":0.7}"#, "unknown key 'keepratio'; known: method, layers,"),
            (#"{"method":"utrc","keep_ratio":0}"#, "keep_ratio 0.0 is out of range; allowed: above 0 and at most 1"),
            (#"{"method":"utrc","keep_ratio":-0.1}"#, "keep_ratio -0.1 is out of range"),
            (#"{"method":"utrc","keep_ratio":1.01}"#, "keep_ratio 1.01 is out of range"),
            (#"{"method":"utrc","keep_ratio":"0.7"}"#, "keep_ratio must be a number"),
            (#"{"method":"utrc","keep_ratio":true}"#, "keep_ratio must be a number"),
            (#"{"method":"utrc","keep_ratio":NaN}"#, "not JSON"),
            (#"{"method":"utrc","keep_ratio":1e999}"#, "keep_ratio must be a number"),
            (#"{"method":"utrc","flops":1}"#, "flops 1.0 is out of range; allowed: above 0 and below 1"),
            (#"{"method":"utrc","flops":20}"#, "flops 20.0 is out of range"),
            (#"{"method":"utrc","flops":[0.1,0.2]}"#, "flops must be a number"),
            (#"{"method":"utrc","flops":0.2,"layers":[]}"#, "layers is empty"),
            (#"{"method":"utrc","flops":0.2,"layers":3}"#, "layers must be a list of layer numbers"),
            (#"{"method":"utrc","flops":0.2,"layers":[1.5]}"#, "layers must be a list of layer numbers"),
            (#"{"method":"utrc","flops":0.2,"layers":[1e30]}"#, "layers must be a list of layer numbers"),
            (#"{"method":"utrc","flops":0.2,"layers":[-1]}"#, "layers -1 is out of range"),
            (#"{"method":"utrc","flops":0.2,"layers":[3,1]}"#, "layers [3, 1] must ascend"),
            (#"{"method":"utrc","flops":0.2,"layers":[3,3]}"#, "layers [3, 3] must ascend"),
            (
                #"{"method":"utrc","flops":0.2,"importance":"max"}"#,
                "unknown importance 'max'; known: clip, noclip, l1, l2"
            ),
            (#"{"method":"utrc","flops":0.2,"source":"y"}"#, "unknown source 'y'; known: ssm, gated, block"),
            (#"{"method":"utrc","flops":0.2,"scope":"all"}"#, "unknown scope 'all'; known: context, sequence"),
            (#"{"method":"utrc","flops":0.2,"align":"head"}"#, "unknown align 'head'; known: tail, position"),
            (#"{"method":"utrc","flops":0.2,"variant":"mine"}"#, "unknown variant 'mine'; known: paper, released"),
            (#"{"method":"utrc","flops":0.2,"hidden_prune":1.5}"#, "hidden_prune 1.5 is out of range"),
            (#"{"method":"utrc","flops":0.2,"residual_prune":-1}"#, "residual_prune -1.0 is out of range"),
            (#"{"method":"none","keep_ratio":0.7}"#, "keep_ratio 0.7 contradicts"),
            (#"{"method":"none","flops":0.2}"#, "flops 0.2 contradicts"),
        ])
    func wrong(json: String, message: String) throws {
        let error = try #require(throws: ReductionError.self) { try Reduction(json: Data(json.utf8)) }
        #expect(error.description.hasPrefix("reduction: "))
        #expect(error.description.contains(message), "\(error)")
    }

    @Test(
        "in words, a reduction is its method, how far it goes and what is not the default",
        arguments: [
            (#"{"method":"utrc","flops":0.2}"#, "utrc flops=0.2"),
            (#"{"method":"utrc","keep_ratio":0.7,"source":"block"}"#, "utrc keep_ratio=0.7 source=block"),
            (#"{"method":"evit","flops":0.2,"variant":"released"}"#, "evit flops=0.2 variant=released"),
            (#"{"method":"random","flops":0.2,"seed":0}"#, "random flops=0.2"),
            (#"{"method":"random","flops":0.2,"seed":7}"#, "random flops=0.2 seed=7"),
        ])
    func words(json: String, words: String) throws {
        #expect(try Reduction(json: Data(json.utf8)).description == words)
    }

    @Test("layers left out are the paper's, and only for its models")
    func schedules() throws {
        let reduction = try Reduction(method: .utrc, amount: .flops(0.2))
        #expect(try reduction.resolvedLayers(layerCount: 64) == [12, 17, 22, 27, 32, 37, 42])
        #expect(try reduction.resolvedLayers(layerCount: 48) == [10, 15, 20, 25, 30, 35])
        #expect(throws: ReductionError.noSchedule(layerCount: 24)) { try reduction.validate(layerCount: 24) }
        #expect("\(ReductionError.noSchedule(layerCount: 24))".contains("only for 48, 64; give layers"))
    }

    @Test("a reduction that does not fit the model is refused")
    func misfits() throws {
        let late = try Reduction(method: .utrc, layers: [2, 6], amount: .keepRatio(0.7))
        try late.validate(layerCount: 7)
        #expect(throws: ReductionError.layerOutOfModel(6, layerCount: 6)) { try late.validate(layerCount: 6) }
        let greedy = try Reduction(method: .utrc, layers: [3], amount: .flops(0.2))
        let error = try #require(throws: ReductionError.self) { try greedy.validate(layerCount: 6) }
        #expect("\(error)".contains("flops 0.2 is out of reach: after layers [3] of 6, at most 0.166 can be saved"))
    }
}
