// The chart that zooms: Plotly's script is fetched when somebody asks for it.
"use strict";
(() => {
  const me = document.currentScript.dataset;
  const words = JSON.parse(me.words);
  let loading = null;

  function load() {
    loading ??= new Promise((done, failed) => {
      // Plotly writes no styles of its own where these are there.
      for (const id of me.plotlyStyles.split(" ")) document.head.append(Object.assign(document.createElement("meta"), { id }));
      const style = document.createElement("link");
      Object.assign(style, { rel: "stylesheet", href: me.plotlyCss, id: "plotly.js-style-global", className: "no-inline-styles" });
      const script = document.createElement("script");
      Object.assign(script, { src: me.plotly, onload: done, onerror: failed });
      document.head.append(style, script);
    });
    return loading;
  }

  // Plotly knows no time zones: it is given the reader's wall time.
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: me.zone, year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });
  function local(instant) {
    const p = Object.fromEntries(parts.formatToParts(new Date(instant)).map(x => [x.type, x.value]));
    return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`;
  }
  function utc(wall) {
    const guess = Date.parse(`${String(wall).replace(" ", "T")}Z`);
    const shown = Date.parse(`${local(guess).replace(" ", "T")}Z`);
    return new Date(2 * guess - shown);
  }
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--od-${name}`).trim();
  function clear(name, share) {
    const hex = colour(name);
    return `rgba(${[1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)).join(",")},${share})`;
  }

  function traces(got) {
    const x = got.time.map(local), line = { shape: "hv", width: 1.5 };
    const step = { mode: "lines", connectgaps: false, x };
    const bare = { ...step, hoverinfo: "skip", line: { shape: "hv", width: 0 } };
    const band = got.listed ? [] : [
      { ...bare, y: got.band_low, showlegend: false },
      { ...bare, y: got.band_high, fill: "tonexty", fillcolor: clear("band", 0.9), name: words.zoom_band },
    ];
    return [
      ...band,
      { ...bare, y: got.low, showlegend: false },
      { ...bare, y: got.high, fill: "tonexty", fillcolor: clear("range", 0.5), name: words.zoom_range },
      { ...step, y: got.expected, name: words.zoom_expected, line: { ...line, dash: "dash", color: colour("expected") } },
      { ...step, y: got.mean, name: words.zoom_counts, line: { ...line, color: colour("counts") } },
    ];
  }

  function shapes(got) {
    const box = (x0, x1, fillcolor) => ({ type: "rect", yref: "paper", y0: 0, y1: 1, x0: local(x0), x1: local(x1), fillcolor, line: { width: 0 }, layer: "below" });
    const last = got.time.at(-1) + got.width, first = got.time[0];
    const inside = t => Math.min(Math.max(Date.parse(t), first), last);
    return [
      ...got.unobserved.map(([a, b]) => box(a, b, clear("hatch", 0.45))),
      ...got.incidents.filter(i => Date.parse(i.start) < last).flatMap(i => [
        box(inside(i.start), i.end ? inside(i.end) : last, clear(i.severity, 0.18)),
        box(inside(i.earliest), inside(i.latest), clear("interval", 0.3)),
      ]),
    ];
  }

  function layout(got) {
    const axis = { gridcolor: colour("line"), linecolor: colour("axis"), zerolinecolor: colour("axis") };
    return {
      margin: { l: 48, r: 12, t: 8, b: 40 }, showlegend: true, legend: { orientation: "h", y: -0.12 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x unified",
      font: { color: colour("ink"), family: getComputedStyle(document.body).fontFamily, size: 12 },
      hoverlabel: { bgcolor: colour("paper"), font: { color: colour("ink") } },
      xaxis: { ...axis, type: "date" }, yaxis: { ...axis, rangemode: "tozero", fixedrange: true },
      shapes: shapes(got), dragmode: "zoom",
    };
  }

  async function numbers(button, start, end) {
    const address = `${button.dataset.address}&start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`;
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  async function open(button) {
    const figure = document.getElementById(button.dataset.zoom), { start, end } = button.dataset;
    button.disabled = true; button.classList.add("zooming"); button.textContent = words.zoom_loading;
    try {
      const [got] = await Promise.all([numbers(button, start, end), load()]);
      const plot = document.createElement("div"), help = document.createElement("p");
      plot.className = "plot"; help.className = "soft"; help.textContent = words.zoom_help;
      figure.replaceChildren(plot, help);
      await Plotly.newPlot(plot, traces(got), layout(got), { displayModeBar: false, responsive: true, doubleClick: "reset" });
      plot.on("plotly_relayout", async change => {
        const whole = change["xaxis.autorange"] || "xaxis.showspikes" in change;
        const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
        if (!whole && from === undefined) return;
        const closer = await numbers(button, whole ? start : utc(from).toISOString(), whole ? end : utc(to).toISOString());
        Plotly.react(plot, traces(closer), { ...plot.layout, shapes: shapes(closer) });
      });
      button.remove();
    } catch { button.textContent = words.zoom_failed; button.classList.remove("zooming"); }
  }

  function ready() {
    for (const button of document.querySelectorAll("button.zoom")) {
      button.hidden = false;
      button.addEventListener("click", () => open(button));
    }
  }
  document.addEventListener("renewed", ready);
  ready();
})();
