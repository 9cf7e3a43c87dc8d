const GREY = "#8a94a0", REST_MS = 400;

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".dial-chart");
  root.chart ??= new DialChart(root);
  root.chart.tell = (place) => setStateValue("place", place);
  root.chart.take(data);
  return () => root.chart.leave();
}

// A figure that is redrawn where it stands. With a dial, what the dial moves is here already: no server is asked.
class DialChart {
  constructor(root) {
    this.root = root;
    this.dial = root.appendChild(document.createElement("div"));
    this.dial.className = "dial-chart-dial";
    this.plot = root.appendChild(document.createElement("div"));
    this.plot.className = "dial-chart-plot";
    this.plot.setAttribute("role", "group");  // no img: its buttons can be reached
    this.drawing = Promise.resolve();
  }

  take(data) {
    clearTimeout(this.leaving);
    if (this.data?.version === data.version) return;
    this.place = this.data?.dial ? this.place : data.dial?.place;
    this.data = data;
    this.plot.setAttribute("aria-label", data.alt);
    this.height = Math.max(data.height * data.grow, Math.round(data.share * window.innerHeight));
    this.plot.style.height = this.height + "px";
    this.drawDial();
    this.drawing = this.drawing.then(() => this.draw()).catch((error) => console.error(error));
  }

  leave() {
    this.leaving = setTimeout(() => {
      if (this.root.isConnected) return;
      this.themeWatch?.disconnect();
      if (window.Plotly) window.Plotly.purge(this.plot);
    }, 1000);
  }

  drawDial() {
    const dial = this.data.dial;
    if (!dial) { this.dial.replaceChildren(); return; }
    this.place = Math.min(this.place ?? 0, dial.labels.length - 1);
    if (!this.input) this.makeDial();
    this.title.textContent = dial.title;
    this.input.max = dial.labels.length - 1;
    this.input.value = this.place;
    this.ticks.replaceChildren(...dial.labels.map((label) => Object.assign(document.createElement("span"), { textContent: label })));
    this.say();
  }

  makeDial() {
    const make = (name, kind) => this.dial.appendChild(Object.assign(document.createElement(name), { className: "dial-chart-" + kind }));
    this.title = make("label", "title");
    this.said = make("p", "said");
    this.input = make("input", "input");
    this.ticks = make("div", "ticks");
    Object.assign(this.input, { type: "range", min: 0, step: 1, id: "dial-" + Math.random().toString(36).slice(2) });
    this.title.htmlFor = this.input.id;
    this.ticks.setAttribute("aria-hidden", "true");
    this.said.setAttribute("aria-live", "polite");
    this.input.addEventListener("input", () => this.turn(Number(this.input.value)));
  }

  turn(place) {
    this.place = place;
    this.say();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(place), REST_MS);  // once the dial rests: what hangs on it is drawn by the server
    this.drawing = this.drawing.then(() => this.move()).catch((error) => console.error(error));
  }

  say() {
    const dial = this.data.dial;
    this.said.textContent = dial.said[this.place];
    this.input.setAttribute("aria-valuetext", dial.labels[this.place]);
    [...this.ticks.children].forEach((tick, number) => tick.classList.toggle("dial-chart-here", number === this.place));
  }

  // What the dial moves, as points of traces; a trace that is drawn faintly may lend its own.
  points() {
    const moves = this.data.dial?.moves[this.place] ?? [];
    const lent = ({ from, begin, end }, axis) => this.data.figure.data[from][axis].slice(begin, end);
    return moves.map((move) => ({ to: move.to, x: move.x ?? lent(move, "x"), y: move.y ?? lent(move, "y") }));
  }

  async move() {
    const points = this.points();
    await window.Plotly.restyle(this.plot, { x: points.map((each) => each.x), y: points.map((each) => each.y) }, points.map((each) => each.to));
    this.root.dataset.place = this.place;
  }

  async draw() {
    const { figure, plotly } = this.data, { text, font, paper } = themeColours(this.root);
    await loadPlotly(plotly);
    const traces = figure.data.map((trace) => ({ ...trace }));
    for (const { to, x, y } of this.points()) Object.assign(traces[to], { x, y });
    const layout = {
      ...structuredClone(figure.layout), autosize: true, height: this.height, paper_bgcolor: paper, plot_bgcolor: "rgba(0,0,0,0)",
      font: { ...figure.layout.font, family: font, color: text },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: GREY, activecolor: text, orientation: "v" },
      hoverlabel: { font: { color: "#111" }, bgcolor: "rgba(255,255,255,.95)" },
    };
    await window.Plotly.react(this.plot, traces, enlarge(layout, this.data.grow), { displaylogo: false, responsive: true, ...this.data.config,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"] });
    if (!this.themeWatch) this.themeWatch = watchTheme(this.root, (colours) => repaint(this.plot, colours));
    Object.assign(this.root.dataset, { version: this.data.version, place: this.place ?? "" });
  }
}
