// The map of the samples: unpacked when the reader comes near it.

const SHOWN_VALUES = 12;

function sampleMap(content) {
  const section = byId('map');
  const say = (words) => (byId('map-status').textContent = words);
  section.hidden = false;
  if (!content.map.data) {
    hideMap();
    return say(`The map needs the package openTSNE: pip install "labelsift[map]". Then write this page again: labelsift.load("${content.map.run}").to_html("report.html").`);
  }
  if (typeof DecompressionStream === 'undefined') {
    hideMap();
    return say('This browser is too old for the map, which it would have to unpack. All flagged samples stand in the list below.');
  }
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    unpackMap(content.map).then((points) => drawMap(points, content, say), () => say('The map could not be unpacked. All flagged samples stand in the list below.'));
  }, { rootMargin: '600px' });
  watch.observe(section);
}

function hideMap() {
  for (const id of ['map-tools', 'map-body', 'map-help']) byId(id).hidden = true;
}

function drawMap(points, content, say) {
  const canvas = byId('map-canvas');
  const view = mapView(canvas, points);
  const place = content.columns.node.indexOf('id');
  const [node, anchor] = ['node', 'anchor'].map((column) => content.columns.sample.indexOf(column));
  const anchors = new Map(content.samples.map((sample) => [content.nodes[sample[node]][place], sample[anchor]]));
  const anchorOf = (id) => anchors.get(id) ?? null;
  const list = chosenList(points, content, { clear: () => choose([]), anchorOf });
  let chosen = [];
  let mode = 'move';

  function choose(some) {
    chosen = some;
    view.set({ chosen: new Set(some) });
    list.show(chosen, view.state.column);
  }

  const tip = byId('map-tip');
  function hover(point) {
    if (view.state.near !== point) view.set({ near: point });
    tip.hidden = point < 0;
    if (point < 0) return;
    tip.replaceChildren(...tipOf(points, point, view.state.column));
    const [x, y] = view.screen(point);
    tip.style.left = `${Math.max(0, Math.min(x + 14, view.size.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > view.size.height ? Math.max(0, y - tip.offsetHeight - 12) : y + 18}px`;
  }

  function colour(column) {
    const entries = view.colourBy(column);
    byId('map-legend').replaceChildren(...legendOf(entries, view, { several: column.kind === 'issue', chooseAll: (code) => choose(pointsOf(column, code)) }));
    if (chosen.length) list.show(chosen, column);
  }

  const select = el('select', { id: 'map-color', onchange: () => colour(points.columns[select.value]) }, points.columns.map((column, index) => el('option', { value: index }, visible(column.name))));
  const tool = (title, words, onclick) => el('button', { type: 'button', title, 'aria-label': title, onclick }, words);
  const modes = [['move', 'Move'], ['lasso', 'Lasso']].map(([kind, words]) => el('button', { type: 'button', class: 'mode', 'aria-pressed': String(kind === mode), 'data-mode': kind, onclick: () => turn(kind) }, words));
  function turn(kind) {
    mode = kind;
    for (const button of modes) button.setAttribute('aria-pressed', String(button.dataset.mode === kind));
    canvas.classList.toggle('lasso', kind === 'lasso');
  }
  byId('map-tools').append(
    ...[
      points.columns.length ? el('label', {}, el('span', {}, 'Color by'), select) : null,
      el('div', { class: 'group', role: 'group', 'aria-label': 'What dragging does' }, modes),
      el('div', { class: 'group', role: 'group', 'aria-label': 'Zoom' }, tool('Zoom out', '\u2212', () => view.zoomBy(1 / STEP)), tool('Zoom in', '+', () => view.zoomBy(STEP)), tool('Show the whole map', 'Whole map', () => view.fit())),
      el('button', { type: 'button', onclick: () => choose(view.inView()) }, 'Choose what is in view'),
    ].filter(Boolean),
  );
  mapGestures(canvas, view, { choose, hover, mode: () => mode });
  if (points.columns.length) colour(points.columns[0]);
  else view.set({ order: Array.from({ length: points.rows }, (_, point) => point) });
  say(mapWords(content));
  canvas.setAttribute('aria-label', canvasWords(points));
  byId('map').dataset.drawn = 'true';
}

const pointsOf = (column, code) => Array.from(column.codes.keys()).filter((point) => hasValue(column, point, code));

function mapWords({ map }) {
  const part = map.rows + map.without < map.total ? `${count(map.rows)} of ${count(map.total)} samples: up to half of them flagged ones, the others drawn at random, the same ones every time.` : `${count(map.rows)} samples.`;
  const without = map.without ? ` ${count(map.without)} ${map.without === 1 ? 'has' : 'have'} no place, as nothing could be read in ${map.without === 1 ? 'it' : 'them'}.` : '';
  return part + without;
}

// What a reader hears who does not see the canvas.
function canvasWords(points) {
  const flagged = Array.from({ length: points.rows }, (_, point) => point).filter((point) => points.issuesOf(point).length).length;
  return `Map of ${count(points.rows)} samples by likeness, ${flagged ? count(flagged) : 'none'} of them flagged. What is chosen on it stands in a list below it. The list of flagged samples says the same in words.`;
}

function tipOf(points, point, column) {
  const line = (each) => (each.codes[point] === NO_VALUE ? null : el('p', {}, el('span', { class: 'quiet' }, `${visible(each.name)} `), valueWords(each, each.codes[point])));
  const labels = points.columns.filter(({ kind }) => kind === 'label' || kind === 'suggestion');
  const issues = points.issuesOf(point).map(([, title]) => title);
  const text = points.texts[point];
  return [
    points.ids.length ? el('p', { class: 'id' }, visible(points.ids[point])) : null,
    text ? el('p', { dir: 'auto', class: 'words' }, visible(text)) : null,
    ...[...new Set([...labels, ...(column && column.kind !== 'issue' ? [column] : [])])].map(line),
    issues.length ? el('p', {}, el('span', { class: 'quiet' }, 'Issues '), issues.join(', ')) : null,
  ].filter(Boolean);
}

function legendOf(entries, view, { chooseAll, several }) {
  const list = el('ul', { class: 'entries' });
  let only = null;
  const buttons = new Map();
  const all = el('button', { type: 'button', class: 'link', hidden: true });
  all.addEventListener('click', () => chooseAll(only));
  function toggle(entry) {
    only = only === entry.code ? null : entry.code;
    view.showOnly(only);
    for (const [code, button] of buttons) button.setAttribute('aria-pressed', String(code === only));
    all.hidden = only === null;
    all.textContent = `Choose ${entry.size === 1 ? 'it' : `these ${count(entry.size)}`}`;
  }
  const item = (entry) => {
    const swatch = el('span', { class: 'swatch' });
    if (entry.colour) swatch.style.background = entry.colour;
    const button = el('button', { type: 'button', class: 'entry', 'aria-pressed': 'false', title: 'Show these alone', onclick: () => toggle(entry) }, swatch, el('span', { dir: 'auto' }, entry.words), el('span', { class: 'quiet' }, ` ${count(entry.size)}`));
    buttons.set(entry.code, button);
    return el('li', {}, button);
  };
  list.append(...entries.slice(0, SHOWN_VALUES).map(item));
  const rest = entries.slice(SHOWN_VALUES);
  const more = el('button', { type: 'button', class: 'link' }, `Show ${count(rest.length)} more`);
  more.addEventListener('click', () => {
    list.append(...rest.map(item));
    more.remove();
  });
  const hint = several && entries.length > 2 ? el('p', { class: 'hint' }, 'A sample with several issues has the color of its rarest.') : null;
  return [list, rest.length ? more : null, all, hint].filter(Boolean);
}
