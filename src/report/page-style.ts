// Colors of Okabe and Ito, which those with any kind of color blindness tell apart; shape, word and dash say the same.
export const pageStyle = `
:root{color-scheme:light dark;--ink:#1a1a1a;--dim:#555;--paper:#fff;--rule:#ccc;--one:#0072b2;--other:#b34a00;--warn:#8a5a00;--good:#00664a;--card:#f6f6f4}
@media (prefers-color-scheme:dark){:root{--ink:#eee;--dim:#b5b5b5;--paper:#141414;--rule:#444;--one:#56b4e9;--other:#ff9a52;--warn:#f0c24b;--good:#4fd0a5;--card:#1e1e1e}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.5rem 0 0}header p{margin:.25rem 0 .75rem}article>h3{margin-top:0}h2{font-size:1.25rem;margin:0}h3{font-size:1.05rem}
a{color:var(--one)}a:focus-visible,summary:focus-visible{outline:3px solid var(--one);outline-offset:2px}
nav ol{list-style:none;padding:0;display:grid;gap:.5rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))}
nav li{background:var(--card);border-inline-start:.3rem solid var(--rule);border-radius:.3rem;padding:.6rem .75rem;line-height:1.7}nav li a{font-weight:600}
main>section{content-visibility:auto;contain-intrinsic-size:auto 50rem}section{border-top:1px solid var(--rule);padding:1rem 0;margin-top:1rem}
.verdict{font-weight:700;display:inline-block;padding:0 .5rem;border:1px solid;border-radius:.3rem}.regressed .verdict,.not-ready .verdict{color:var(--other)}.insufficient .verdict,.stale .verdict,.no-traffic .verdict{color:var(--warn)}.ready .verdict{color:var(--good)}
.regressed,.not-ready{border-color:var(--other)}.insufficient,.stale,.no-traffic{border-color:var(--warn)}.ready{border-color:var(--good)}
article{border-inline-start:.3rem solid var(--rule);padding-inline-start:1rem;margin:1rem 0}
table{border-collapse:collapse;display:block;overflow-x:auto;font-variant-numeric:tabular-nums}
th,td{overflow-wrap:normal;text-align:start;padding:.2rem .6rem;border-bottom:1px solid var(--rule);vertical-align:top}
.groups td{white-space:nowrap}.groups td:nth-child(-n+2){text-align:end}.groups td:nth-child(3){white-space:normal;min-width:14rem;width:100%;overflow-wrap:anywhere}
.groups td:nth-child(6){font-family:monospace;font-size:.8rem;white-space:pre;color:var(--one)}code{color:var(--dim)}
summary{cursor:pointer;padding:.25rem 0}
pre{overflow-x:auto;background:var(--card);padding:.75rem;font-size:.85rem}
figure{margin:1rem 0}figcaption,.dim{color:var(--dim)}
svg{width:100%;height:auto;max-width:40rem}
svg text{font:11px system-ui,sans-serif;fill:var(--dim)}
svg{overflow:visible}@media (max-width:40rem){svg text{font-size:16px}}
polyline{stroke-width:2;stroke-linejoin:round}line.axis{stroke:var(--rule)}.control{stroke:var(--one)}.candidate{stroke:var(--other);stroke-dasharray:2 3}.limit{stroke:var(--dim);stroke-dasharray:8 4}
rect.started{fill:var(--one)}rect.skip-0{fill:none;stroke:var(--warn)}rect.skip-1{fill:var(--warn)}rect.skip-2{fill:var(--dim)}rect.skip-3{fill:none;stroke:var(--dim);stroke-dasharray:2 2}
.keys{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin:.25rem 0;color:var(--dim)}.keys i{display:inline-block;width:.8rem;height:.8rem;border:2px solid var(--warn);vertical-align:-.05rem}i.started{background:var(--one);border-color:var(--one)!important}i.skip-1{background:var(--warn)}i.skip-2{background:var(--dim);border-color:var(--dim)!important}i.skip-3{border:2px dashed var(--dim)!important}
rect.cell{fill:var(--good);fill-opacity:.25}rect.bad{fill:var(--other);fill-opacity:.35}rect.none{fill:none;stroke:var(--rule)}
svg.stage{display:block;width:100%;max-width:none;height:.3rem;margin-top:.35rem}.stage rect{fill:var(--rule)}.stage rect.done{fill:var(--one)}
line.event{stroke:var(--good)}line.rule{stroke:var(--other);stroke-width:2;stroke-dasharray:8 5}line.version{stroke:var(--warn);stroke-dasharray:1 3}
rect.kind{stroke:var(--paper);stroke-width:1}rect.match{fill:var(--good)}rect.ignored{fill:var(--rule)}rect.mismatch{fill:var(--other)}rect.inconclusive{fill:var(--warn)}rect.timed-out{fill:var(--dim)}
rect.band{stroke:var(--ink)}rect.behind{opacity:.35}rect.behind.shadow{opacity:.2}rect.off{fill:var(--paper)}rect.shadow{fill:var(--rule)}rect.ramp{fill:var(--one);fill-opacity:.35}rect.live{fill:var(--one);fill-opacity:.7}rect.complete{fill:var(--one)}
.spark{font-family:monospace;font-size:.8rem;white-space:pre;color:var(--one)}
.bar{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin-bottom:.75rem}.bar p{margin:0}
input,select,button,textarea{font:inherit;color:inherit;background:var(--card);border:1px solid var(--dim);border-radius:.25rem;padding:.25rem .5rem}
input:focus-visible,select:focus-visible,button:focus-visible,pre:focus-visible,textarea:focus-visible{outline:3px solid var(--one);outline-offset:2px}
th button{border:0;padding:0;background:none;font-weight:700;cursor:pointer}th button::after{content:" ↕";color:var(--dim)}th[aria-sort=descending] button::after{content:" ↓"}th[aria-sort=ascending] button::after{content:" ↑"}
.link{text-decoration:none;font-weight:400}.tools{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}button{cursor:pointer}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:.75rem 0}form label{display:grid}form.steps{border:1px solid var(--rule);padding:.75rem}
[hidden]{display:none!important}tr:target{outline:2px solid var(--one)}
.new{border:1px solid var(--other);padding:0 .3rem;font-size:.85rem}
@media print{main>section{content-visibility:visible}.bar,.link,.tools,form,.news{display:none}th button::after{content:""}body{max-width:none}section{break-before:page}details{display:block}a{color:inherit}th,td{padding:.15rem .3rem;white-space:normal!important;font-size:.75rem}.groups td:nth-child(3){min-width:0}.groups td:nth-child(6){display:none}.groups th:nth-child(6){display:none}pre{white-space:pre-wrap}figure,tr,nav li{break-inside:avoid}}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
`;
