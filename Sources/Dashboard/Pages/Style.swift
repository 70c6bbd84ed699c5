import Reports

/// The stylesheet: the reports' own colours and rules, and what pages have beyond them.
enum Style {
    static let text = """
        :root{color-scheme:light dark;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
        --wash:#f5f7f9;--good:#00714f;--bad:#b3261e;--target:#0068a6;\(RunSections.light);\(lightShades)}
        @media (prefers-color-scheme:dark){:root{--wash:#1a2027;--good:#2fc89b;--bad:#ff8a80;--target:#5ab4ee;
        \(RunSections.dark);\(darkShades)}}
        \(RunSections.css)
        \(frame)
        \(parts)
        \(examples)
        \(narrow)
        """

    /// Rows, of which some have left.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0068a6"/>
        <path d="M3 4h10M3 8h4M10 8h3M3 12h2M8 12h5" stroke="#fff" stroke-width="2" stroke-linecap="round"/></svg>
        """

    /// Seven steps from early to late; dark ink on light, light ink on dark.
    private static let lightShades =
        "--g0:#f9d8b4;--g1:#f4c9c0;--g2:#e8c4dc;--g3:#d3c8ee;--g4:#bfd3f2;--g5:#b9e0e2;--g6:#c8e6c3"
    private static let darkShades =
        "--g0:#6b4419;--g1:#6d3a30;--g2:#613355;--g3:#483c75;--g4:#2d4a78;--g5:#1f575b;--g6:#2f5a2b"

    private static let frame = """
        body{padding-top:0}
        .skip,.unseen{position:absolute;left:-99rem}
        .skip:focus{left:1rem;top:.6rem;background:var(--page);padding:.3rem .6rem;z-index:2}
        .top{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1.6rem;padding:1.3rem 0 1rem;
        border-bottom:1px solid var(--rule);margin-bottom:2.4rem}
        .top nav{border:0;margin:0;padding:0;gap:.2rem 1.3rem;font-size:.94rem}
        .top nav a{color:var(--muted);text-decoration:none}
        .top nav a:hover,.brand:hover{color:var(--series-0)}
        .top nav a[aria-current]{color:var(--ink);font-weight:600}
        .brand{color:var(--ink);font-weight:700;text-decoration:none;letter-spacing:-.01em;font-size:1.05rem}
        #link{margin:0 0 0 auto;font-size:.84rem;color:var(--muted)}
        #link.lost{color:var(--bad);font-weight:600}
        h1 small{font-size:1rem;font-weight:400;color:var(--muted);letter-spacing:0}
        section>h2{scroll-margin-top:1rem}
        .kicker a{color:inherit}
        .empty{color:var(--muted);padding:2rem 0}
        .bad{color:var(--bad)}
        code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--wash);padding:.1em .35em;
        border-radius:.2rem;overflow-wrap:anywhere}
        nav.sections{margin-top:1.6rem}
        .pager{border:0;margin:1.4rem 0}
        """

    private static let parts = """
        .facts{display:flex;flex-wrap:wrap;gap:1rem 2.6rem;margin:1.2rem 0 1.6rem}
        .facts dt{font-size:.78rem;color:var(--muted)}
        .facts dd{margin:0;font-size:1.02rem;font-variant-numeric:tabular-nums}
        .standing{display:flex;align-items:center;flex-wrap:wrap;gap:.4rem 1rem}
        .standing .bar{width:min(20rem,50vw)}
        .standing strong{font-variant-numeric:tabular-nums;font-weight:600}
        .state::before{content:"";display:inline-block;width:.55em;height:.55em;border-radius:50%;margin-right:.45em;
        background:var(--faint)}
        .state.running::before,.state.working::before{background:var(--series-0)}
        .state.complete::before,.state.idle::before{background:var(--good)}
        .state.incomplete::before,.state.suspect::before{background:var(--bad)}
        .state.draining::before,.state.cancelled::before{background:var(--series-4)}
        .bar{display:inline-block;width:8rem;height:.4rem;background:var(--grid);border-radius:.2rem;vertical-align:.1rem;
        overflow:hidden}
        .bar rect{fill:var(--series-2)}
        .bar.part rect{fill:var(--series-0)}
        table.list{width:100%}
        .list tbody th a{overflow-wrap:anywhere;white-space:normal}
        table.list td,table.list th{padding-top:.7rem;padding-bottom:.7rem}
        table.list tbody th small{display:block;color:var(--muted);font-weight:400}
        table.list a{text-decoration:none;font-weight:500}
        table.list a:hover{text-decoration:underline}
        .progress span{display:inline-block;min-width:4.2em;text-align:right;margin-left:.5rem}
        .cells{list-style:none;padding:0;max-width:none}
        .cells li{display:flex;flex-wrap:wrap;gap:.3rem 1.4rem;padding:.55rem 0;border-bottom:1px solid var(--grid);margin:0}
        .cells b{font-weight:500;min-width:13rem}
        .cells a{text-decoration:none}
        .cells a:hover{text-decoration:underline}
        .cells small{color:var(--faint);margin-left:.35rem;font-variant-numeric:tabular-nums}
        .filters{display:flex;flex-wrap:wrap;gap:.9rem 1.2rem;align-items:end;margin:1.4rem 0 1.8rem}
        .filters label{display:flex;flex-direction:column;gap:.3rem;font-size:.8rem;color:var(--muted);max-width:100%}
        .filters select,.filters input,.filters button{font:inherit;font-size:.94rem;color:var(--ink);background:var(--page);
        border:1px solid var(--faint);border-radius:.3rem;padding:.45rem .6rem;max-width:100%;min-height:2.5rem}
        .filters button{background:var(--ink);color:var(--page);border-color:var(--ink);padding:.45rem 1.1rem;cursor:pointer}
        .workers{list-style:none;padding:0;max-width:none;display:grid;
        grid-template-columns:repeat(auto-fill,minmax(min(24rem,100%),1fr));gap:2.4rem 3rem}
        .workers li{border-top:1px solid var(--rule);padding-top:1rem;margin:0;min-width:0}
        .workers h2{margin:0;overflow-wrap:anywhere}
        .workers h2 small{font-weight:400;font-size:.86rem;color:var(--muted)}
        .workers .facts{gap:.8rem 1.8rem}
        .workers .facts dd{font-size:.94rem}
        .lease{font-size:.88rem;color:var(--muted)}
        .lease .bar{width:100%;margin-bottom:.3rem}
        .events{list-style:none;padding:0;max-width:none;font-size:.9rem}
        .events li{display:grid;grid-template-columns:11rem 12rem minmax(0,1fr);gap:.2rem 1.2rem;padding:.45rem 0;
        border-bottom:1px solid var(--grid);margin:0}
        .events time{color:var(--muted);font-variant-numeric:tabular-nums}
        .events b{font-weight:500}
        .events span{overflow-wrap:anywhere}
        .single{max-width:44rem}
        """

    private static let examples = """
        th.n+th:not(.n),th.n+td:not(.n){padding-left:1.2rem}
        td.excerpt,th.excerpt{white-space:normal;min-width:18rem;color:var(--muted);overflow-wrap:anywhere}
        .examples tr>.n:first-child{padding-left:0}
        .verdict.right{color:var(--good)}
        .verdict.wrong{color:var(--bad)}
        td small{color:var(--muted);margin-left:.4rem}
        td.best{font-weight:600}
        td.best .i{font-weight:400}
        tr.here,tr.here .pin{background:var(--wash)}
        tr.here .pin{box-shadow:-.5rem 0 0 var(--wash)}
        .text{white-space:pre-wrap;overflow-wrap:anywhere;max-width:52rem}
        pre.text{background:var(--wash);padding:1rem;border-radius:.3rem;font-size:.86rem}
        .choices{max-width:52rem;padding-left:1.6rem;font-variant-numeric:tabular-nums}
        .choices li{margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
        .choices .context{color:var(--muted)}
        .choices .gold .continuation{font-weight:600}
        .choices small{color:var(--good);margin-left:.7rem;font-weight:500}
        .pick{display:flex;flex-wrap:wrap;gap:.4rem .6rem;margin:.7rem 0}
        .pick a{border:1px solid var(--rule);border-radius:1rem;padding:.25rem .85rem;text-decoration:none;font-size:.88rem;
        color:var(--ink)}
        .pick a:hover{border-color:var(--series-0)}
        .pick a[aria-current]{background:var(--ink);border-color:var(--ink);color:var(--page)}
        .strip{white-space:pre-wrap;overflow-wrap:anywhere;max-width:56rem;line-height:2;font-size:1.02rem}
        .tok{border-radius:.2rem;padding:.14em 0;-webkit-box-decoration-break:clone;box-decoration-break:clone}
        .gone-0{background:var(--g0)}.gone-1{background:var(--g1)}.gone-2{background:var(--g2)}.gone-3{background:var(--g3)}
        .gone-4{background:var(--g4)}.gone-5{background:var(--g5)}.gone-6{background:var(--g6)}
        .spared{color:var(--faint)}
        .pruned{color:var(--bad);text-decoration:line-through;text-decoration-thickness:1px}
        .merged,.half{background:var(--g4)}
        .half{text-decoration:line-through;text-decoration-thickness:1px;text-decoration-color:var(--bad)}
        .took{box-shadow:inset 0 -2px 0 var(--target)}
        .target{outline:2px solid var(--target);outline-offset:1px}
        .gap{color:var(--faint)}
        .key .tok{padding:.1em .4em}
        details.layer{border-bottom:1px solid var(--grid);padding:.6rem 0;max-width:56rem}
        summary{cursor:pointer}
        summary span{color:var(--muted);font-size:.9rem;font-variant-numeric:tabular-nums}
        details{margin:1.2rem 0 0}
        details.layer{margin:0}
        """

    private static let narrow = """
        @media (max-width:52rem){.extra{display:none}.events li{grid-template-columns:minmax(0,1fr)}}
        @media (max-width:40rem){body{padding-top:0}.top{padding-top:1rem;margin-bottom:1.6rem}#link{margin-left:0;width:100%}
        #link:empty{display:none}.facts{gap:.8rem 1.8rem}.cells b{width:100%}.bar{width:4.5rem}
        table.list th,table.list td{padding-right:.8rem}table.list th.n,table.list td.n{padding-left:.6rem;padding-right:.4rem}
        .filters label,.filters select,.filters input,.filters button{width:100%}h2{margin-top:2.6rem}
        .examples,.runs,.examples tbody,.runs tbody{display:block}
        .examples thead,.runs thead{position:absolute;left:-99rem}
        .examples tr,.runs tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 1.2rem;padding:.7rem 0}
        .list.examples tr>*,.list.runs tr>*{padding:0}.runs tbody th{flex-basis:100%;padding-bottom:.2rem}
        .list.examples tr>.excerpt{flex-basis:100%;min-width:0;padding:.25rem 0 0}.runs .progress span{min-width:0}
        .runs .left:not(:empty)::after{content:" left"}.examples .other::before{content:"there ";color:var(--muted)}}
        @media print{.top nav,#link,.filters,.pager{display:none}}
        """
}
