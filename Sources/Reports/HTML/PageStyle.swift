/// What the page looks like, on screens light and dark, on a phone, and on paper.
enum PageStyle {
    static let css = """
        :root{color-scheme:light dark;--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;\
        \(ChartStyle.light)}
        @media (prefers-color-scheme:dark){:root{\(ChartStyle.dark)}}
        \(rules)
        \(ChartStyle.css)
        @media print{:root{color-scheme:light;\(ChartStyle.light)}body{max-width:none;padding:0;font-size:10pt}
        .scroll{overflow:visible}figure,tr,.charts>*{break-inside:avoid}h2,h3{break-after:avoid}a{color:inherit}nav{display:none}}
        """

    static let rules = """
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:78rem;padding:2.5rem 1.5rem 5rem;background:var(--page);color:var(--ink);\
        font:16px/1.55 var(--sans);-webkit-text-size-adjust:100%}
        h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.015em;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
        h2{font-size:1.25rem;line-height:1.3;letter-spacing:-.008em;margin:3.6rem 0 .5rem}
        h3{font-size:1rem;margin:2.2rem 0 .4rem;overflow-wrap:anywhere}
        p,ul{max-width:46rem;margin:.5rem 0 .9rem}
        ul{padding-left:1.1rem}
        li{margin:.35rem 0}
        .kicker{font-size:.82rem;color:var(--muted);margin:0;max-width:none;overflow-wrap:anywhere}
        .lede{color:var(--muted)}
        .note,caption{color:var(--muted);font-size:.86rem;line-height:1.5}
        .note p{margin:.2rem 0}
        .warn{border-left:3px solid var(--series-1);padding:.1rem 0 .1rem 1rem;margin:1.2rem 0}
        .warn ul{list-style:none;padding:0}
        .warn li{overflow-wrap:anywhere}
        nav{display:flex;flex-wrap:wrap;gap:.3rem 1.3rem;font-size:.88rem;margin:1.4rem 0 0;\
        border-top:1px solid var(--rule);padding-top:.8rem}
        a{color:var(--series-0);text-decoration-thickness:1px;text-underline-offset:.18em}
        :focus-visible{outline:2px solid var(--series-0);outline-offset:2px}
        .scroll{overflow-x:auto;margin:1.1rem 0}
        table{border-collapse:collapse;font-size:.86rem;line-height:1.35;font-variant-numeric:tabular-nums lining-nums}
        caption{text-align:left;padding:0 0 .7rem}
        caption span{display:block;position:sticky;left:0;max-width:min(46rem,calc(100vw - 2.5rem))}
        th,td{padding:.42rem 1rem .42rem 0;text-align:left;vertical-align:baseline;white-space:nowrap}
        thead th{color:var(--muted);font-weight:500;border-bottom:1px solid var(--faint);vertical-align:bottom}
        thead th small{display:block;font-weight:400;color:var(--faint);font-size:.74rem}
        tbody tr{border-bottom:1px solid var(--grid)}
        tbody tr.next{border-top:1px solid var(--rule)}
        tbody th{font-weight:500}
        tbody th.group{padding-top:1.3rem;font-weight:600}
        th.n,td.n{text-align:right;padding:.42rem 0 .42rem 1.2rem}
        td.n+td:not(.n){padding-left:1.2rem}
        td.wrap{white-space:normal;overflow-wrap:anywhere;min-width:16rem}
        td .e{color:var(--faint);font-size:.78rem;display:inline-block;min-width:2.9em;margin-left:.3em}
        td .p{display:block;color:var(--muted);font-size:.76rem;font-style:italic}
        sup{line-height:0}
        td .i{display:block;color:var(--faint);font-size:.74rem}
        td.part{color:var(--series-1)}
        tr.sure>*{font-weight:600}
        tr.sure>.plain{font-weight:400}
        .mono{font:.92em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        figure{margin:1.4rem 0 2.4rem}
        .charts{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:2.2rem 2.4rem}
        .two{grid-template-columns:repeat(2,minmax(0,1fr))}
        .key{display:flex;flex-wrap:wrap;gap:.25rem 1.3rem;font-size:.86rem;margin:1rem 0;padding:0;list-style:none;\
        max-width:none}
        .key li{margin:0}
        .key svg{width:12px;height:12px;vertical-align:-1px;margin-right:.4rem;overflow:visible}
        .swatch{fill:var(--hue)}
        .track{display:inline-block;width:6rem;height:.4rem;background:var(--grid);vertical-align:.1rem;\
        border-radius:.2rem;overflow:hidden}
        .track rect{fill:var(--series-2)}
        .track.part rect{fill:var(--series-1)}
        @media (max-width:62rem){.charts{grid-template-columns:repeat(2,minmax(0,1fr))}}
        @media (max-width:48rem){.two,.charts{grid-template-columns:minmax(0,1fr);gap:1.8rem}}
        .narrow{display:none}
        @media (max-width:36rem){.narrow{display:grid}.wide{display:none}}
        @media (max-width:40rem){body{padding:1.4rem 1rem 4rem;font-size:15px}h1{font-size:1.5rem}
        .pin{position:sticky;left:0;background:var(--page);padding-right:.8rem}}
        """
}
