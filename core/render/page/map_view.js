// The map's canvas: where its points are drawn, in which colours, and which of them is under the pointer.

// Ten colours that are told apart on white and on black, also by most who see few; from Observable's palette.
const PALETTE = ['#4269d0', '#e49b0f', '#ff725c', '#2f9e8f', '#3ca951', '#e8679d', '#a463f2', '#5fa8e8', '#9c6b4e', '#8a6fb0'];
const EDGE = 18; // pixels around the map
const REACH = 9; // pixels around a point
const CLOSEST = 60;
const RINGED = 300; // chosen points; of more, rings would hide the colors

function mapView(canvas, points) {
  const context = canvas.getContext('2d');
  const nearest = gridOf(points);
  const size = { width: 0, height: 0 };
  const bounds = { right: Math.max(1, ...spread(points.x)), bottom: Math.max(1, ...spread(points.y)) };
  const state = { zoom: 1, x: bounds.right / 2, y: bounds.bottom / 2, column: null, order: [], colours: new Map(), plain: '', only: null, chosen: new Set(), lasso: null, near: -1 };
  let waiting = 0;

  const base = () => Math.min((size.width - 2 * EDGE) / bounds.right, (size.height - 2 * EDGE) / bounds.bottom);
  const scale = () => base() * state.zoom;
  const screenX = (value) => (value - state.x) * scale() + size.width / 2;
  const screenY = (value) => (value - state.y) * scale() + size.height / 2;
  const place = (px, py) => [(px - size.width / 2) / scale() + state.x, (py - size.height / 2) / scale() + state.y];
  const radius = () => Math.min(7, (points.rows > 5_000 ? 1.7 : points.rows > 800 ? 2.4 : 3.4) * state.zoom ** 0.4);
  const inSight = (point) => state.only === null || hasValue(state.column, point, state.only);
  const clear = (point) => inSight(point) && (!state.chosen.size || state.chosen.has(point));
  const colourAt = (point) => colourOf(state.only !== null && inSight(point) ? state.only : state.column.codes[point]);
  const colourOf = (code) => state.colours.get(code) ?? state.plain;
  const paint = (name) => getComputedStyle(canvas).getPropertyValue(name).trim();

  function draw() {
    waiting = 0;
    state.plain = paint('--bar');
    const sharp = window.devicePixelRatio || 1;
    const dots = new Map();
    const round = radius();
    const accent = paint('--accent');
    const dotOf = (colour) => {
      if (!dots.has(colour)) dots.set(colour, dot(colour, round, sharp));
      return dots.get(colour);
    };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    const side = round + 1;
    // Those without a value lie below, then the most frequent values: a rare one is never covered by a common one.
    for (const point of state.order) {
      const [px, py] = [screenX(points.x[point]), screenY(points.y[point])];
      if (px < -side || py < -side || px > size.width + side || py > size.height + side) continue;
      context.globalAlpha = clear(point) ? 0.9 : 0.14;
      context.drawImage(dotOf(state.column ? colourAt(point) : accent), px - side, py - side, 2 * side, 2 * side);
    }
    context.globalAlpha = 1;
    if (state.chosen.size <= RINGED) rings(state.chosen, paint('--ink'), round + 1.2);
    if (state.near >= 0) rings([state.near], paint('--ink'), round + 3);
    if (state.lasso && state.lasso.length > 1) lassoLine();
  }
  function rings(some, colour, round) {
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    context.beginPath();
    for (const point of some) {
      const [px, py] = [screenX(points.x[point]), screenY(points.y[point])];
      context.moveTo(px + round, py);
      context.arc(px, py, round, 0, 7);
    }
    context.stroke();
  }
  function lassoLine() {
    context.beginPath();
    for (const [px, py] of state.lasso) context.lineTo(px, py);
    context.closePath();
    context.fillStyle = paint('--accent');
    context.globalAlpha = 0.12;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = paint('--accent');
    context.lineWidth = 1.5;
    context.stroke();
  }
  const redraw = () => (waiting ||= requestAnimationFrame(draw));

  function resize() {
    const sharp = window.devicePixelRatio || 1;
    [size.width, size.height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [Math.round(size.width * sharp), Math.round(size.height * sharp)];
    redraw();
  }

  function colourBy(column) {
    const entries = tallyCodes(column);
    const named = entries.filter(({ code }) => code !== NO_VALUE);
    const rank = new Map(entries.map(({ code }, turn) => [code, code === NO_VALUE ? -1 : turn]));
    Object.assign(state, {
      column,
      only: null,
      colours: new Map(named.slice(0, PALETTE.length).map(({ code }, turn) => [code, PALETTE[turn]])),
      order: Array.from({ length: points.rows }, (_, point) => point).sort((a, b) => rank.get(column.codes[a]) - rank.get(column.codes[b])),
    });
    redraw();
    return entries.map((entry) => ({ ...entry, words: valueWords(column, entry.code), colour: state.colours.get(entry.code) ?? null }));
  }

  // Show one value alone, in a colour of its own where it has none; null shows all.
  function showOnly(code) {
    state.only = code;
    if (code !== null && code !== NO_VALUE && !state.colours.has(code)) state.colours.set(code, paint('--accent'));
    redraw();
  }

  function zoomBy(factor, px = size.width / 2, py = size.height / 2) {
    const [x, y] = place(px, py);
    state.zoom = Math.min(CLOSEST, Math.max(0.7, state.zoom * factor));
    [state.x, state.y] = [x - (px - size.width / 2) / scale(), y - (py - size.height / 2) / scale()];
    redraw();
  }
  function panBy(px, py) {
    state.x = Math.min(bounds.right, Math.max(0, state.x - px / scale()));
    state.y = Math.min(bounds.bottom, Math.max(0, state.y - py / scale()));
    redraw();
  }
  function fit() {
    Object.assign(state, { zoom: 1, x: bounds.right / 2, y: bounds.bottom / 2 });
    redraw();
  }

  const pointAt = (px, py) => nearest(...place(px, py), (radius() + REACH) / scale(), inSight);
  const set = (change) => {
    Object.assign(state, change);
    redraw();
  };
  const pointsWhere = (test) => state.order.filter((point) => inSight(point) && test(screenX(points.x[point]), screenY(points.y[point]))).sort((a, b) => a - b);
  const within = (corners) => pointsWhere((px, py) => inside(corners, px, py));
  const inView = () => pointsWhere((px, py) => px >= 0 && py >= 0 && px <= size.width && py <= size.height);

  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  new ResizeObserver(resize).observe(canvas);
  return { state, size, colourBy, showOnly, zoomBy, panBy, fit, pointAt, within, inView, set, screen: (point) => [screenX(points.x[point]), screenY(points.y[point])] };
}

// A number of arguments is limited, so the largest is looked for in parts.
function spread(values) {
  const parts = [];
  for (let from = 0; from < values.length; from += 10_000) parts.push(Math.max(...values.subarray(from, from + 10_000)));
  return parts;
}

// A point, drawn once for each colour: a picture is copied ten times faster than a circle is drawn.
function dot(colour, round, sharp) {
  const side = Math.ceil(2 * (round + 1) * sharp);
  const picture = el('canvas', { width: side, height: side });
  const context = picture.getContext('2d');
  context.fillStyle = colour;
  context.beginPath();
  context.arc(side / 2, side / 2, round * sharp, 0, 7);
  context.fill();
  return picture;
}

// Whether a place lies within a line that ends where it begins (even-odd rule).
function inside(corners, x, y) {
  let within = false;
  for (let index = 0, before = corners.length - 1; index < corners.length; before = index, index += 1) {
    const [[ax, ay], [bx, by]] = [corners[index], corners[before]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}
