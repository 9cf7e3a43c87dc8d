const PALETTE = ["#440154", "#0072B2", "#009E73", "#E69F00", "#D55E00", "#CC79A7", "#56B4E9", "#8a6d00", "#8a94a0"];
const BRIGHT = ["#b48be0", "#56B4E9", "#2ec79a", "#E69F00", "#ff8a4c", "#e7a3c8", "#9ad4f5", "#e0c84a", "#b5bec9"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon", "hexagon"];
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const POLL_MS = 900, HIDDEN_POLL_MS = 5000, FRAME_MS = 120, SMOOTHING = 0.9, MOST_CELLS = 36;
const ENDED = ["finished", "stopped", "failed", "paused", "interrupted"];

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sweep-chart");
  const key = JSON.stringify(data.source);
  if (root.chart && root.chart.key === key) { root.chart.keep(data); return () => root.chart.leave(); }
  if (root.chart) root.chart.end();
  root.chart = new SweepChart(root, data, key);
  return () => root.chart.leave();
}

class SweepChart {
  constructor(root, data, key) {
    Object.assign(this, { root, data, key, ended: false, speed: data.speed || 1, clock: 0, playing: true });
    root.replaceChildren();
    this.bar = root.appendChild(document.createElement("div"));
    this.bar.className = "sweep-chart-bar";
    this.plot = root.appendChild(document.createElement("div"));
    this.plot.className = "sweep-chart-plot";
    this.plot.setAttribute("role", "group");
    this.plot.setAttribute("aria-label", data.texts.alt);
    this.runs = data.runs.map(() => newRun());
    this.work();
  }

  keep(data) { clearTimeout(this.leaving); this.data = data; this.draw(); }
  leave() { this.leaving = setTimeout(() => { if (!this.root.isConnected) this.end(); }, 1000); }
  end() { this.ended = true; this.themeWatch?.disconnect(); if (window.Plotly) window.Plotly.purge(this.plot); }

  async work() {
    try { await loadPlotly(this.data.plotly); } catch { /* tried again with the next look */ }
    if (this.data.source.kind === "recorded") await this.replay(); else await this.follow();
  }

  async follow() {
    const position = this.runs.map(() => 0);
    while (!this.ended) {
      try {
        await loadPlotly(this.data.plotly);
        const answer = await fetchJson(`${this.data.base}/sweeps/${this.data.source.id}/events?after=${position.join(",")}`);
        answer.runs.forEach((run, i) => { take(this.runs[i], run.rows); this.runs[i].state = run.state; position[i] = run.next; });
        this.say("");
        await this.draw();
        if (answer.runs.some((run) => run.more)) continue;
      } catch (error) {
        if (this.ended) return;
        this.say(this.data.texts.offline);
      }
      const over = this.runs.every((run) => ENDED.includes(run.state));
      await new Promise((done) => setTimeout(done, document.hidden || over ? HIDDEN_POLL_MS : POLL_MS));
      if (!this.root.isConnected) return this.end();
    }
  }

  async replay() {
    try {
      this.tape = (await fetchJson(`${this.data.base}/lessons/${this.data.source.id}/recorded`)).runs;
      await loadPlotly(this.data.plotly);
    } catch { return this.say(this.data.texts.offline); }
    this.length = Math.max(...this.tape.map((rows) => rows.length ? rows.at(-1).time : 0));
    this.clock = this.length;  // the whole picture first; whoever wants to see it grow presses play
    this.playing = false;
    this.drawButtons();
    await this.release();
    let last = performance.now();
    while (!this.ended) {
      await new Promise((done) => setTimeout(done, FRAME_MS));
      if (!this.root.isConnected) return this.end();
      const now = performance.now();
      if (this.playing) {
        this.clock = Math.min(this.length, this.clock + (now - last) / 1000 * this.speed);
        if (this.clock >= this.length) this.setPlaying(false);
        await this.release();
      }
      last = now;
    }
  }

  async release() {
    this.runs = this.tape.map((rows) => { const run = newRun(); take(run, rows.filter((row) => row.time <= this.clock)); return run; });
    this.root.dataset.clock = this.clock.toFixed(1);
    this.scrubber.value = this.clock;
    this.told.textContent = `${number(this.clock, this.data.separators)} / ${number(this.length, this.data.separators)} s`;
    await this.draw();
  }

  drawButtons() {
    const texts = this.data.texts;
    this.bar.replaceChildren();
    this.button = this.bar.appendChild(document.createElement("button"));
    this.button.addEventListener("click", () => { if (this.clock >= this.length) this.clock = 0; this.setPlaying(!this.playing); });
    this.scrubber = this.bar.appendChild(Object.assign(document.createElement("input"), { type: "range", min: 0, max: this.length, step: this.length / 500 }));
    this.scrubber.setAttribute("aria-label", texts.time);
    this.scrubber.addEventListener("input", () => { this.setPlaying(false); this.clock = Number(this.scrubber.value); this.release(); });
    this.told = this.bar.appendChild(document.createElement("span"));
    const choose = this.bar.appendChild(document.createElement("select"));
    choose.setAttribute("aria-label", texts.speed);
    for (const speed of [1, 4, 16, 64]) choose.appendChild(Object.assign(document.createElement("option"), { value: speed, textContent: `${speed}×`, selected: speed === this.speed }));
    choose.addEventListener("change", () => { this.speed = Number(choose.value); });
    this.setPlaying(false);
  }

  setPlaying(playing) {
    this.playing = playing;
    this.button.textContent = playing ? `❚❚ ${this.data.texts.pause}` : `▶ ${this.data.texts.play}`;
    this.root.dataset.playing = playing;
  }

  say(text) {
    this.notice?.remove(); this.notice = null;
    if (!text) return;
    this.notice = this.root.appendChild(document.createElement("div"));
    this.notice.className = "live-chart-offline";
    this.notice.textContent = text;
  }

  async draw() {
    if (!window.Plotly || this.ended) return;
    const theme = themeColours(this.root), look = { ...theme, colours: isDark(theme.paper) ? BRIGHT : PALETTE };
    const cells = this.data.view === "grid" ? Math.min(this.data.arms.length, MOST_CELLS) : 1;
    const columns = cells === 1 ? 1 : Math.ceil(Math.sqrt(cells * 1.5)), rows = Math.ceil(cells / columns);
    this.root.style.height = `${(cells === 1 ? 430 : 110 + 170 * rows) * this.data.grow + (this.data.source.kind === "recorded" ? 44 : 0)}px`;
    const drawn = this.traces(look.colours, cells);
    await window.Plotly.react(this.plot, drawn, enlarge(this.layout(look, cells, columns, rows), this.data.grow), { displaylogo: false, responsive: true,
      toImageButtonOptions: { filename: "mlmtune-sweep", scale: 3 }, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"] });
    Object.assign(this.root.dataset, { points: drawn.reduce((sum, trace) => sum + trace.x.length, 0), ended: this.runs.filter((run) => run.over).length, cells });
    if (!this.themeWatch) this.themeWatch = watchTheme(this.root, () => this.draw());
  }

  traces(colours, cells) {
    const seen = new Set(), traces = [];
    this.data.runs.forEach(({ arm, seed }, i) => {
      const points = this.points(this.runs[i]), cell = cells > 1 ? arm : 0;
      if (cells > 1 && arm >= cells) return;
      const first = !seen.has(arm); seen.add(arm);
      const colour = colours[arm % colours.length], faint = this.data.y === "train_loss";
      const ends = points.x.length <= 2;  // of what lay between nothing is known
      traces.push({ ...points, type: "scatter", mode: faint ? "lines" : "lines+markers", name: this.data.arms[arm], legendgroup: String(arm), showlegend: cells === 1 && first,
        line: { color: colour, width: faint ? 1.6 : ends ? 1 : 2, dash: ends ? "dot" : DASHES[Math.floor(arm / colours.length) % DASHES.length] },
        marker: { color: colour, symbol: SYMBOLS[arm % SYMBOLS.length], size: 7 }, opacity: 0.85, cliponaxis: false,
        xaxis: axis("x", cell), yaxis: axis("y", cell),
        hovertemplate: `${this.data.arms[arm]} · ${this.data.texts.seed} ${seed}<br>%{x:.4~g}: %{y:.4f}<extra></extra>` });
    });
    return traces;
  }

  points(run) {
    const of = (rows, y) => ({ x: rows.map((row) => this.data.x === "seconds" ? row.seconds : row[this.data.x]), y: rows.map(y) });
    if (this.data.y === "train_loss") return of(run.steps, (row) => row.smooth);
    if (this.data.y === "score") return of(run.evals, (row) => row.score);
    return of(run.evals.filter((row) => row[this.data.y] != null), (row) => row[this.data.y]);
  }

  layout(look, cells, columns, rows) {
    const { texts } = this.data, line = { gridcolor: "rgba(128,128,128,.28)", zeroline: false, linecolor: "rgba(128,128,128,.6)" };
    const starts = this.runs.map((run) => run.start).filter(Boolean), baseline = starts[0]?.baseline;
    const axes = {}, notes = [], shapes = [];
    const xGap = columns > 1 ? 0.035 : 0, yGap = rows > 1 ? 0.36 / rows : 0;
    for (let cell = 0; cell < cells; cell++) {
      const column = cell % columns, row = Math.floor(cell / columns);
      const wide = (1 - (columns - 1) * xGap) / columns, x0 = column * (wide + xGap), x1 = x0 + wide;
      const y1 = 1 - row / rows - (row ? yGap / 2 : 0), y0 = 1 - (row + 1) / rows + (row < rows - 1 ? yGap / 2 : 0);
      const single = cells === 1, bottom = row === rows - 1 || cell + columns >= cells;
      axes[long("xaxis", cell)] = { ...line, domain: [x0, x1], anchor: axis("y", cell), rangemode: "tozero", ...(cell && { matches: "x" }),
        showticklabels: bottom, title: { text: single || (bottom && column === 0) ? texts.axis_x : "", standoff: 6 } };
      axes[long("yaxis", cell)] = { ...line, domain: [y0, y1], anchor: axis("x", cell), ...(cell && { matches: "y" }), showticklabels: column === 0,
        title: { text: single || (row === 0 && column === 0) ? texts.axis_y : "", standoff: 6 } };
      if (!single) notes.push({ text: this.data.arms[cell], xref: "paper", yref: "paper", x: x0, y: y1, xanchor: "left", yanchor: "bottom", showarrow: false, font: { size: 13 } });
      if (this.data.y === "score" && baseline != null) shapes.push({ type: "line", xref: `${axis("x", cell)} domain`, x0: 0, x1: 1, yref: axis("y", cell), y0: baseline, y1: baseline,
        line: { color: "#8a94a0", width: 1.5, dash: "dot" } });
    }
    if (this.data.y === "score" && baseline != null && cells === 1) notes.push({ text: texts.baseline, xref: "x domain", x: 1, xanchor: "right", yref: "y", y: baseline, yanchor: "bottom", showarrow: false, font: { size: 13, color: "#8a94a0" } });
    return { uirevision: `${this.key}${this.data.view}${this.data.x}${this.data.y}`, autosize: true, separators: this.data.separators, hovermode: "closest",
      font: { family: look.font, size: 14, color: look.text }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 66, r: 16, t: 34, b: 50 },
      legend: { orientation: "v", x: 1.01, y: 1, font: { size: 13 } }, hoverlabel: { font: { color: "#111" }, bgcolor: "rgba(255,255,255,.95)" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: "#8a94a0", activecolor: look.text, orientation: cells === 1 ? "h" : "v" }, annotations: notes, shapes, ...axes };
  }

}

function newRun() { return { start: null, steps: [], evals: [], average: 0, over: false, began: null, state: "" }; }

// What an attempt said in vain, before it was begun anew or gone on with from an earlier step, is forgotten.
function take(run, rows) {
  for (const row of rows) {
    if (row.kind === "Started") Object.assign(run, newRun(), { start: row, began: row.time });
    if (row.kind === "Resumed") {
      run.steps = run.steps.filter((each) => each.step <= row.step); run.evals = run.evals.filter((each) => each.step < row.step);
      run.average = run.steps.at(-1)?.average ?? 0;
    }
    if (row.kind === "StepDone") {
      run.average = SMOOTHING * run.average + (1 - SMOOTHING) * row.loss;
      run.steps.push({ step: row.step, epoch: row.epoch, seconds: row.time - run.began, average: run.average, smooth: run.average / (1 - SMOOTHING ** (run.steps.length + 1)) });
    }
    if (row.kind === "EvalDone") run.evals.push({ ...row, seconds: row.time - run.began, score: row.metrics[run.start?.metric] });
    if (row.kind === "Finished" || row.kind === "Failed") run.over = true;
  }
}

function axis(letter, cell) { return cell ? `${letter}${cell + 1}` : letter; }
function long(name, cell) { return cell ? `${name}${cell + 1}` : name; }
function number(value, separators) { return value.toFixed(1).replace(".", separators[0]); }
function isDark(colour) {
  const found = /^#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(colour.trim());
  return !!found && found.slice(1).reduce((sum, part) => sum + parseInt(part, 16), 0) < 384;
}
