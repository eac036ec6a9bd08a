// The chart that zooms: uPlot is fetched when somebody asks for it.
"use strict";
(() => {
  const me = document.currentScript.dataset, texts = JSON.parse(me.texts);
  const FEWEST_BINS = 8, WHEEL = 2;
  let loading = null;

  function load() {
    loading ??= new Promise((done, failed) => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: me.style });
      const script = Object.assign(document.createElement("script"), { src: me.script, onload: done, onerror: failed });
      document.head.append(style, script);
    });
    return loading;
  }

  // Times as the page has them: in the reader's zone, in the language's order. Seconds since 1970.
  // On a first visit the page has told its zone only after this script was written.
  const zone = () => /(?:^|; )tz=([^;]+)/.exec(document.cookie)?.[1] ?? me.zone;
  let zoned = null;
  function readZone() {
    zoned = new Intl.DateTimeFormat("en-US", {
      timeZone: zone(), year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    });
  }
  const weekdays = texts.weekdays.split("\n");
  function parts(at) {
    const p = Object.fromEntries(zoned.formatToParts(new Date(at * 1000)).map(x => [x.type, x.value]));
    p.weekday = weekdays[(new Date(Date.UTC(+p.year, p.month - 1, +p.day)).getUTCDay() + 6) % 7];
    p.clock = `${p.hour}:${p.minute}${p.second === "00" ? "" : `:${p.second}`}`;
    return p;
  }
  function instant(at) {
    const p = parts(at);
    const day = texts.day.replace("yyyy", p.year).replace("MM", p.month).replace("dd", p.day).replace("EEE", p.weekday);
    return texts.instant.replace("{day}", day).replace("{clock}", p.clock);
  }
  const numbers = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 3 });
  const number = value => (value === null || value === undefined ? "?" : numbers.format(value));

  // Colours of the style sheet, so that both charts of a source agree in both themes.
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--od-${name}`).trim();
  function clear(name, share) {
    const hex = colour(name);
    return `rgba(${[1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)).join(",")},${share})`;
  }

  async function fetched(button, start, end) {
    const iso = at => encodeURIComponent(new Date(at * 1000).toISOString());
    const answer = await fetch(`${button.dataset.address}&start=${iso(start)}&end=${iso(end)}`);
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  // Column by column, and the last one again at its end, so that it is drawn as wide as it is.
  const ROWS = ["band_high", "band_low", "high", "low", "expected", "mean"];
  function columns(got) {
    const edge = got.time.length ? [got.time.at(-1) + got.width] : [];
    const row = name => [...got[name], ...got[name].slice(-1)];
    const none = new Array(got.time.length + edge.length).fill(null);
    return [[...got.time, ...edge].map(t => t / 1000), ...ROWS.map(name => (got.listed && name.startsWith("band") ? none : row(name)))];
  }

  // What lies under the curves: where nothing was observed, incidents, the interval of their start.
  function shade(plot, got) {
    const { ctx, bbox } = plot, [from, to] = [plot.scales.x.min, plot.scales.x.max];
    const place = at => plot.valToPos(Math.min(Math.max(at, from), to), "x", true);
    function box(start, end, fill) {
      if (end <= from || start >= to) return;
      ctx.fillStyle = fill;
      ctx.fillRect(place(start), bbox.top, Math.max(place(end) - place(start), 1), bbox.height);
    }
    ctx.save();
    for (const [start, end] of got.unobserved) box(start / 1000, end / 1000, hatched(ctx));
    for (const one of got.incidents) {
      const [start, earliest, latest] = [one.start, one.earliest, one.latest].map(t => Date.parse(t) / 1000);
      box(start, one.end ? Date.parse(one.end) / 1000 : to, clear(one.severity, 0.18));
      box(earliest, latest, clear("interval", 0.3));
    }
    ctx.restore();
  }
  function hatched(ctx) {
    const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 }), brush = tile.getContext("2d");
    brush.strokeStyle = colour("hatch"); brush.lineWidth = 1.4;
    brush.beginPath();
    for (const x of [-8, 0, 8]) { brush.moveTo(x, 8); brush.lineTo(x + 8, 0); }
    brush.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  function axes() {
    const line = { stroke: () => colour("ink"), grid: { stroke: () => colour("line"), width: 1 }, ticks: { stroke: () => colour("axis"), width: 1 }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
    return [
      { ...line, space: 70, size: 44, values: (_, splits) => splits.map((at, i) => {
        const p = parts(at), before = i ? parts(splits[i - 1]) : null;
        const isNewDay = before === null || before.day !== p.day || before.month !== p.month;
        const day = `${p.weekday} ${+p.month}-${p.day}`;
        return p.clock === "00:00" && before !== null && isNewDay ? day : isNewDay ? `${p.clock}\n${day}` : p.clock;
      }) },
      { ...line, size: 52, values: (_, splits) => splits.map(number) },
    ];
  }

  function options(view) {
    const path = uPlot.paths.stepped({ align: 1 });
    const step = { paths: path, spanGaps: false, points: { show: false } };
    const bare = { ...step, width: 0, stroke: "transparent" };
    return {
      width: view.frame.clientWidth, height: view.height(),
      tzDate: at => uPlot.tzDate(new Date(at * 1000), zoned.resolvedOptions().timeZone),
      legend: { show: false }, padding: [8, 24, 0, 0],
      scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high ?? 0, 1) * 1.06] } },
      axes: axes(),
      series: [
        {}, bare, bare, bare, bare,
        { ...step, stroke: () => colour("expected"), width: 1.5, dash: [6, 4] },
        { ...step, stroke: () => colour("counts"), width: 1.5 },
      ],
      bands: [
        { series: [1, 2], fill: () => clear("band", 0.9) },
        { series: [3, 4], fill: () => clear("range", 0.5) },
      ],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => view.show(view.start, view.end) } },
      hooks: {
        drawClear: [plot => shade(plot, view.got)],
        setCursor: [plot => view.read(plot.cursor.idx)],
        setSelect: [plot => {
          const { left, width } = plot.select;
          if (width < 4) return;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          view.show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
        }],
      },
    };
  }

  class View {
    constructor(button, figure) {
      this.button = button;
      [this.start, this.end] = [button.dataset.start, button.dataset.end].map(t => Date.parse(t) / 1000);
      [this.from, this.to] = [this.start, this.end];
      this.frame = Object.assign(document.createElement("div"), { className: "plot", tabIndex: 0 });
      this.frame.setAttribute("role", "group");
      this.frame.setAttribute("aria-label", button.dataset.label);
      this.said = Object.assign(document.createElement("p"), { className: "soft readout" });
      this.said.setAttribute("role", "status");
      this.figure = figure;
      this.asked = 0;
    }

    height() { return Math.min(Math.max(this.frame.clientWidth * 0.5, 240), 380); }

    async open() {
      const [got] = await Promise.all([fetched(this.button, this.start, this.end), load()]);
      this.got = got;
      readZone();
      const help = Object.assign(document.createElement("p"), { className: "soft", textContent: texts.help });
      this.figure.replaceChildren(this.tools(), this.frame, this.said, help);
      this.plot = new uPlot(options(this), columns(got), this.frame);
      this.plot.setScale("x", { min: this.from, max: this.to });
      this.read(null);
      new ResizeObserver(() => this.plot.setSize({ width: this.frame.clientWidth, height: this.height() })).observe(this.frame);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.redraw(false));
      this.frame.addEventListener("keydown", event => this.key(event));
      this.touch(this.plot.over);
      this.frame.focus({ preventScroll: true });
    }

    tools() {
      const bar = Object.assign(document.createElement("div"), { className: "tools" });
      for (const [name, sign, act] of [
        ["earlier", "←", () => this.move(-0.5)], ["later", "→", () => this.move(0.5)],
        ["in", "+", () => this.scale(1 / WHEEL)], ["out", "−", () => this.scale(WHEEL)], ["reset", "", () => this.show(this.start, this.end)],
      ]) {
        const one = Object.assign(document.createElement("button"), { type: "button", textContent: sign || texts[name] });
        one.setAttribute("aria-label", texts[name]);
        one.title = texts[name];
        one.addEventListener("click", act);
        bar.append(one);
      }
      return bar;
    }

    key(event) {
      if (event.target !== this.frame || event.ctrlKey || event.altKey || event.metaKey) return;
      const acts = {
        ArrowLeft: () => this.move(-0.25), ArrowRight: () => this.move(0.25),
        "+": () => this.scale(1 / WHEEL), "=": () => this.scale(1 / WHEEL), "-": () => this.scale(WHEEL),
        0: () => this.show(this.start, this.end), Escape: () => this.show(this.start, this.end), Home: () => this.show(this.start, this.end),
      };
      if (!(event.key in acts)) return;
      event.preventDefault();
      acts[event.key]();
    }

    // A finger chooses a span as the mouse does; up and down it scrolls the page.
    touch(over) {
      let began = null;
      const left = event => Math.min(Math.max(event.clientX - over.getBoundingClientRect().left, 0), over.clientWidth);
      over.addEventListener("pointerdown", event => { if (event.pointerType === "touch") began = left(event); });
      over.addEventListener("pointermove", event => {
        if (began === null || event.pointerType !== "touch") return;
        const at = left(event);
        this.plot.setSelect({ left: Math.min(began, at), width: Math.abs(at - began), top: 0, height: over.clientHeight }, false);
      });
      over.addEventListener("pointercancel", () => { began = null; this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false); });
      over.addEventListener("pointerup", event => {
        if (began === null || event.pointerType !== "touch") return;
        const at = left(event), [a, b] = [Math.min(began, at), Math.max(began, at)];
        began = null;
        this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        if (b - a > 8) this.show(this.plot.posToVal(a, "x"), this.plot.posToVal(b, "x"));
      });
    }

    move(share) {
      const by = (this.to - this.from) * share;
      const shift = Math.min(Math.max(by, this.start - this.from), this.end - this.to);
      this.show(this.from + shift, this.to + shift);
    }

    scale(by) {
      const middle = (this.from + this.to) / 2, half = ((this.to - this.from) * by) / 2;
      this.show(middle - half, middle + half);
    }

    // The span is drawn at once with what is there, and again when its own bins have come.
    async show(from, to) {
      const least = (FEWEST_BINS * this.got.bin) / 1000, short = Math.max(least - (to - from), 0) / 2;
      this.from = Math.max(from - short, this.start);
      this.to = Math.min(to + short, this.end);
      this.plot.setScale("x", { min: this.from, max: this.to });
      const asked = ++this.asked;
      try {
        const got = await fetched(this.button, this.from, this.to);
        if (asked !== this.asked) return; // somebody went on in the meantime
        this.got = got;
        this.plot.setData(columns(got), false);
        this.plot.setScale("x", { min: this.from, max: this.to });
        this.read(null);
      } catch { this.said.textContent = texts.failed; }
    }

    // The bins under the pointer in words; the span where there is no pointer.
    read(index) {
      const got = this.got;
      if (index === null || index === undefined || index >= got.time.length) {
        const whole = at => Math.round(at / 60) * 60; // a span is chosen by hand, not to the second
        this.said.textContent = `${instant(whole(this.from))} – ${instant(whole(this.to))}`;
        return;
      }
      const at = instant(got.time[index] / 1000), mean = got.mean[index];
      const range = (low, high) => (low === null || high === null || low === high ? "" : ` (${number(low)}–${number(high)})`);
      const counted = mean === null ? texts.not_observed : `${texts.counts} ${number(mean)}${range(got.low[index], got.high[index])}`;
      const expected = got.listed ? "" : range(got.band_low[index], got.band_high[index]);
      this.said.textContent = `${at} · ${counted} · ${texts.expected} ${number(got.expected[index])}${expected}`;
    }
  }

  async function open(button) {
    button.disabled = true; button.classList.add("zooming"); button.textContent = texts.loading;
    try {
      await new View(button, document.getElementById(button.dataset.zoom)).open();
      button.remove();
    } catch { button.textContent = texts.failed; button.classList.remove("zooming"); }
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
