const BLUE = "#0072B2", SKY = "#56B4E9", ORANGE = "#E69F00", GREEN = "#009E73", RED = "#D55E00", PURPLE = "#CC79A7", GREY = "#8a94a0";
const ENDED = ["finished", "stopped", "failed", "interrupted", "paused"];
const HEIGHT = 450, SMOOTHING = 0.9, POLL_MS = 700, FIRST_POLL_MS = 150, FIRST_POLLS = 40, HIDDEN_POLL_MS = 5000, MAX_WAIT_MS = 5000, MAX_EPOCH_LINES = 30;
const TRACE = { loss: 0, smooth: 1, validation: 2, best: 3, metric: 4, bestMetric: 5, baseline: 6 };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".live-chart");
  if (root.chart && root.chart.key === chartKey(data)) { root.chart.keep(); return () => root.chart.leave(); }
  if (root.chart) root.chart.end();
  root.chart = new LiveChart(root, data);
  return () => root.chart.leave();
}

function chartKey(data) { return [data.run, data.texts.loss, data.grow].join("|"); }

class LiveChart {
  constructor(root, data) {
    Object.assign(this, { root, data, key: chartKey(data), position: 0, ended: false, zoomed: false });
    root.replaceChildren();
    root.style.height = `${HEIGHT * data.grow}px`;
    this.plot = root.appendChild(document.createElement("div"));
    this.plot.className = "live-chart-plot";
    this.plot.setAttribute("role", "group");  // no img: its buttons can be reached
    this.plot.setAttribute("aria-label", data.texts.alt);
    this.forget();
    this.mark({ run: data.run, state: "", lastTime: "" });
    this.follow();
  }

  keep() { clearTimeout(this.leaving); }

  leave() { this.leaving = setTimeout(() => { if (!this.root.isConnected) this.end(); }, 1000); }

  end() {
    this.ended = true;
    this.themeWatch?.disconnect();
    if (window.Plotly) window.Plotly.purge(this.plot);
  }

  forget(start = null) {
    this.start = start; this.rows = []; this.best = null; this.steps = 0; this.evals = 0; this.average = 0; this.epochs = []; this.unfrozen = [];
    this.fresh = Object.fromEntries(Object.keys(TRACE).map((name) => [name, { x: [], y: [], customdata: [] }]));
  }

  mark(values) { for (const [name, value] of Object.entries(values)) this.root.dataset[name] = value; }

  async follow() {
    let wait = POLL_MS, polls = 0;  // a class that waits for its first point looks often, for some seconds
    while (!this.ended) {
      try {
        await loadPlotly(this.data.plotly);
        if (!this.drawn) await this.draw();
        const answer = await fetchJson(`${this.data.base}/runs/${this.data.run}/events?after=${this.position}`);
        await this.take(answer);
        this.offline(false);
        wait = document.hidden ? HIDDEN_POLL_MS : this.steps || polls++ > FIRST_POLLS ? POLL_MS : FIRST_POLL_MS;
        wait = Math.max(wait, 1000 * (answer.rest || 0));
        if (answer.more) continue;
        if (ENDED.includes(answer.state) && !answer.rows.length) wait = HIDDEN_POLL_MS;
      } catch (error) {
        if (this.ended) return;
        this.offline(true);
        wait = Math.min(MAX_WAIT_MS, wait * 2);
      }
      await new Promise((done) => setTimeout(done, wait));
      if (!this.root.isConnected) return this.end();
    }
  }

  async take(answer) {
    const begins = answer.rows.map((row) => row.kind).lastIndexOf("Started");
    if (begins >= 0) { this.forget(); this.start = answer.rows[begins]; await this.draw(); }
    const rows = begins >= 0 ? answer.rows.slice(begins + 1) : answer.rows;
    for (const row of rows) {
      if (row.kind === "Resumed") await this.goBackTo(row.step);
      else this.add(row);
    }
    await this.flush();
    this.position = answer.next;
    const last = answer.rows.length ? { lastTime: answer.rows.at(-1).time } : {};
    this.mark({ state: answer.state, points: this.steps, evals: this.evals, lastStep: this.lastStep ?? 0, ...last });
  }

  add(row) {
    this.rows.push(row);
    if (row.kind === "StepDone") this.addStep(row);
    if (row.kind === "EvalDone") this.addEvaluation(row);
    if (row.kind === "Unfrozen") this.unfrozen.push(row);
  }

  // After an interruption the run goes on from this step, before it was measured there: what came later is said again.
  async goBackTo(step) {
    const rows = this.rows.filter((row) => ["EvalDone", "Unfrozen"].includes(row.kind) ? row.step < step : (row.step ?? 0) <= step);
    this.forget(this.start);
    await this.draw();
    for (const row of rows) this.add(row);
  }

  addStep(row) {
    this.steps += 1; this.lastStep = row.step;
    this.average = SMOOTHING * this.average + (1 - SMOOTHING) * row.loss;
    this.point("loss", row.step, row.loss, row.epoch);
    this.point("smooth", row.step, this.average / (1 - SMOOTHING ** this.steps), row.epoch);
  }

  addEvaluation(row) {
    this.evals += 1;
    const score = row.metrics[this.start?.metric];
    this.point("validation", row.step, row.validation_loss, row.epoch);
    if (score !== undefined) this.point("metric", row.step, score, row.epoch);
    if (row.step > 0) this.epochs.push(row.step);
    if (row.is_best) this.best = { x: row.step, loss: row.validation_loss, score };
  }

  point(name, x, y, epoch) {
    const trace = this.fresh[name];
    trace.x.push(x); trace.y.push(y); trace.customdata.push(epoch);
  }

  async flush() {
    const names = Object.keys(TRACE).filter((name) => this.fresh[name].x.length);
    if (names.length) {
      await window.Plotly.extendTraces(this.plot, {
        x: names.map((name) => this.fresh[name].x), y: names.map((name) => this.fresh[name].y),
        customdata: names.map((name) => this.fresh[name].customdata),
      }, names.map((name) => TRACE[name]));
      for (const name of names) this.fresh[name] = { x: [], y: [], customdata: [] };
    }
    if (this.best) {
      const { x, loss, score } = this.best;
      await window.Plotly.restyle(this.plot, { x: [[x], [x]], y: [[loss], [score]] }, [TRACE.best, TRACE.bestMetric]);
      this.best = null;
    }
    if (this.epochs.length + this.unfrozen.length !== this.linesDrawn) await this.drawLines();
  }

  // A dotted line where an epoch ends; a dashed one, with the number of layers that learn from there on, where one begins to.
  async drawLines() {
    this.linesDrawn = this.epochs.length + this.unfrozen.length;
    const few = (this.start?.epochs ?? MAX_EPOCH_LINES) < MAX_EPOCH_LINES;
    const line = (step, look) => ({ type: "line", xref: "x", yref: "paper", x0: step, x1: step, y0: 0, y1: 1, layer: "below", line: look });
    const shapes = [...(few ? this.epochs : []).map((step) => line(step, { color: GREY, width: 1, dash: "dot" })),
      ...this.unfrozen.map((row) => line(row.step, { color: PURPLE, width: 2, dash: "dash" }))];
    const annotations = this.unfrozen.map((row, i) => ({ x: row.step, xref: "x", y: 1, yref: "paper", yanchor: "top", xanchor: "left", showarrow: false,
      text: (i ? "" : this.data.texts.unfrozen + " ") + row.layers, font: { size: 13 * this.data.grow, color: themeColours(this.root).text }, bgcolor: "rgba(204,121,167,.25)" }));
    await window.Plotly.relayout(this.plot, { shapes, annotations });
    this.mark({ unfrozen: this.unfrozen.map((row) => row.step) });
  }

  async draw() {
    const texts = this.data.texts, total = this.start?.total_steps ?? 10, baseline = this.start?.baseline;
    const line = (name, color, more) => ({ x: [], y: [], customdata: [], name, mode: "lines", type: "scatter",
      line: { color, width: 2 }, hovertemplate: "%{y:.4f}", ...more });
    const metricName = texts[this.start?.metric] ?? texts.metric;
    const lower = { xaxis: "x", yaxis: "y2" };
    const traces = [
      line(texts.train_loss, SKY, { line: { color: SKY, width: 1 }, opacity: 0.7 }),
      line(texts.train_loss_smooth, BLUE, { line: { color: BLUE, width: 3 } }),
      line(texts.validation_loss, ORANGE, { mode: "lines+markers", line: { color: ORANGE, width: 3 }, marker: { symbol: "diamond", size: 11 } }),
      line(texts.best, RED, { mode: "markers", marker: { symbol: "star", size: 19, color: RED, line: { color: "#fff", width: 1 } } }),
      line(metricName, GREEN, { mode: "lines+markers", line: { color: GREEN, width: 3 }, marker: { size: 10 }, ...lower }),
      line(texts.best, RED, { mode: "markers", showlegend: false, marker: { symbol: "star", size: 19, color: RED, line: { color: "#fff", width: 1 } }, ...lower }),
      line(texts.baseline, GREY, { line: { color: GREY, width: 2, dash: "dot" }, ...lower,
        ...(baseline == null ? {} : { x: [0, total], y: [baseline, baseline], customdata: [null, null] }) }),
    ];
    const layout = this.layout(total, texts[`axis_${this.start?.metric}`] ?? texts.metric);
    await window.Plotly.react(this.plot, traces, enlarge(layout, this.data.grow), { displaylogo: false, responsive: true,
      toImageButtonOptions: { filename: "mlmtune-curves", scale: 3 },
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"] });
    this.linesDrawn = 0;
    if (!this.drawn) this.themeWatch = watchTheme(this.root, (colours) => repaint(this.plot, colours));
    this.drawn = true;
  }

  layout(total, metricTitle) {
    const { text, font, paper } = themeColours(this.root), texts = this.data.texts;
    const axis = { gridcolor: "rgba(128,128,128,.28)", zeroline: false, linecolor: "rgba(128,128,128,.6)", title: { standoff: 8 } };
    const metric = this.start?.metric;  // a loss has no upper end, all others are shares or correlations
    const scale = metric === "masked_loss" ? { rangemode: "tozero" } : { range: [metric === "pearson" ? -0.25 : -0.03, 1.03] };
    return {
      uirevision: this.data.run, autosize: true, separators: this.data.separators, hovermode: "x unified",
      font: { family: font, size: 15, color: text }, paper_bgcolor: paper, plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 76, r: 44, t: 46, b: 56 }, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: GREY, activecolor: text, orientation: "v" },
      hoverlabel: { font: { color: "#111" }, bgcolor: "rgba(255,255,255,.95)" },
      xaxis: { ...axis, title: { text: texts.step }, range: [0, total * 1.02], anchor: "y2" },
      yaxis: { ...axis, title: { text: texts.loss }, domain: [0.42, 1], rangemode: "tozero" },
      yaxis2: { ...axis, title: { text: metricTitle }, domain: [0, 0.36], ...scale },
    };
  }

  offline(isOffline) {
    if (isOffline && !this.notice) {
      this.notice = this.root.appendChild(document.createElement("div"));
      this.notice.className = "live-chart-offline";
      this.notice.textContent = this.data.texts.offline;
    }
    if (!isOffline && this.notice) { this.notice.remove(); this.notice = null; }
  }
}
