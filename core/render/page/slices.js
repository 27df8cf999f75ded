// Slices: a heat map of two columns, or of a column and the classes, and the slices that have a name.
// A cell leads to its samples, and to the command that pushes it.

const WORSE = '\u25b2';
const BETTER = '\u25bc';
const share1 = (value) => `${(100 * value).toFixed(1).replace(/\.0$/, '')}\u00a0%`;
const whole = (value) => `${Math.round(100 * value)}\u00a0%`;
const points = (value) => `${value < 0 ? '\u2212' : '+'}${Math.abs(100 * value).toFixed(1).replace(/\.0$/, '')}`;
const range = (low, high) => `${share1(low).replace(/\u00a0%$/, '')} to ${share1(high).replace(/\u00a0%$/, '')}`;

// Everything that is known of slices, by slug: what they are called, their figures, and whether a sample is in them.
function slicesOf(content, samples, metaOf) {
  const cells = content.cells;
  if (!cells) return null;
  const named = (columns, row) => Object.fromEntries(columns.map((column, place) => [column, row[place] ?? null]));
  const metrics = cells.metrics.map((metric) => {
    const dimensions = metric.dimensions.map((row) => named(cells.columns.dimension, row));
    const views = metric.views.map((row) => {
      const view = named(cells.columns.view, row);
      view.cells = view.cells.map((values) => named(cells.columns.cell, values));
      for (const cell of view.cells) {
        cell.terms = [[dimensions[view.rows], cell.row], [dimensions[view.across], cell.column]];
        const parts = cell.terms.map(([dimension, code]) => dimension.slugs[code]);
        cell.slug ??= (view.flipped ? parts.reverse() : parts).join('__');
      }
      return view;
    });
    return { ...metric, dimensions, views };
  });
  const listed = cells.listed.map((row, place) => {
    const members = new Set(cells.members[place]);
    return { ...named(cells.columns.listed, row), listed: true, has: (sample) => members.has(sample.order) };
  });
  const bySlug = new Map(listed.map((slice) => [slice.slug, { ...slice, metric: metrics[0] }]));
  for (const metric of metrics) {
    for (const view of metric.views) for (const cell of view.cells) if (!bySlug.has(cell.slug)) bySlug.set(cell.slug, { ...cell, metric, ...ofTerms(cell.terms) });
  }

  function ofTerms(terms) {
    return { predicate: terms.map(([dimension, code]) => dimension.words[code]).join(' and '), has: (sample) => terms.every(([dimension, code]) => inTerm(sample, dimension, code)) };
  }
  function inTerm(sample, { name: column, values, ranges }, code) {
    if (column === 'label' && !content.metadata.includes('label')) return sample.node.label === values[code];
    const own = metaOf(sample, column);
    if (!ranges) return own === values[code];
    const number = own === null || own === undefined ? NaN : Number(own);
    return ranges[code] ? number >= ranges[code][0] && number <= ranges[code][1] : !Number.isFinite(number);
  }
  return { metrics, listed, bySlug, wrong: cells.wrong, pushable: cells.pushable, fewest: cells.fewest, run: content.run, name: content.name, share: content.share, samples };
}

const whoseOf = (metric) => (metric.source ? (metric.proxy ? 'of the built-in model, a proxy for yours' : metric.source === 'predicted column' ? 'of your model\u2019s predictions' : 'of your model\u2019s probabilities') : '');
const nounOf = (metric) => (metric.name === 'error_rate' ? `wrong predictions${metric.proxy ? ' (proxy model)' : ''}` : 'suspicious labels');

// The figures of a slice as one sentence.
function figuresOf(slice, metric, fewest) {
  if (slice.value === null || slice.value === undefined) return `Too few to tell: ${count(slice.n)} of at least ${fewest} samples counted.`;
  const parts = [`${share1(slice.value)} ${nounOf(metric)} (${range(slice.low, slice.high)}) of ${count(slice.n)}${slice.where ? ' measured' : ''}`];
  if (slice.rest !== null) parts.push(`all others ${share1(slice.rest)}`);
  if (slice.differenceLow !== null) parts.push(`difference ${points(slice.difference)} points (${points(slice.differenceLow)} to ${points(slice.differenceHigh)}), ${verdictOf(slice)}`);
  return `${parts.join('; ')}.`;
}
const verdictOf = ({ differenceLow: low, differenceHigh: high }) => (low > 0 ? 'worse beyond chance' : high < 0 ? 'better beyond chance' : 'within chance');

function sliceFigure(slices, pick) {
  let metric = slices.metrics[0];
  let shown = 0;
  const table = el('div', { class: 'scroll cellscroll', tabindex: '0', role: 'group', 'aria-label': 'Heat map of slices' });
  const hint = el('p', { class: 'hint' });
  const legend = el('p', { class: 'hint small cellkey' });
  const rest = el('p', { class: 'hint small' });
  const viewField = el('select', { onchange: () => { shown = Number(viewField.value); draw(); } });
  const metricField = el('select', { onchange: () => { metric = slices.metrics[Number(metricField.value)]; shown = 0; drawViews(); draw(); } });
  metricField.append(...slices.metrics.map(({ title, proxy }, place) => el('option', { value: String(place) }, `${title}${proxy ? ' (proxy model)' : ''}`)));

  function drawViews() {
    const titles = metric.views.map(({ rows, across }, place) => el('option', { value: String(place) }, `${visible(metric.dimensions[rows].name)} \u00d7 ${visible(metric.dimensions[across].name)}`));
    viewField.replaceChildren(...titles);
  }
  function draw() {
    const view = metric.views[shown];
    const overall = `overall ${share1(metric.overall[1])} (${range(metric.overall[2], metric.overall[3])})`;
    hint.textContent = `${metric.title} ${whoseOf(metric)} ${metric.counted}: ${overall}. Each number opens its samples and shows how to push them.`.replace('  ', ' ');
    if (!view) return table.replaceChildren(el('p', { class: 'hint' }, 'No two columns can be crossed.'));
    table.replaceChildren(cellTable(view, metric, slices, pick));
    table.scrollLeft = 0;
    const follows = [metric.dimensions[view.rows], metric.dimensions[view.across]].filter((dimension) => dimension.follows);
    legend.replaceChildren(
      el('span', { class: 'key worse' }, `${WORSE} worse than all others beyond chance`),
      el('span', { class: 'key better' }, `${BETTER} better`),
      el('span', { class: 'key chance' }, 'within chance'),
      el('span', { class: 'key few' }, `\u2013 too few (under ${slices.fewest})`),
    );
    const left = [[view.rowsLeft, view.rows], [view.columnsLeft, view.across]].filter(([many]) => many).map(([many, place]) => `${count(many)} better ${many === 1 ? 'value' : 'values'} of ${visible(metric.dimensions[place].name)}`);
    rest.textContent = [
      `Beyond chance is judged over all ${count(metric.compared)} cells of these tables together (95 %).`,
      left.length ? `Not shown: ${left.join(' and ')}.` : '',
      metric.columnsOut ? `${count(metric.columnsOut)} more ${metric.columnsOut === 1 ? 'column differs' : 'columns differ'} less and ${metric.columnsOut === 1 ? 'is' : 'are'} not crossed here.` : '',
      metric.leftOut ? `${count(metric.leftOut)} more pairs of columns do not fit on the page.` : '',
      metric.columnsOut || metric.leftOut ? 'All are shown by labelsift slices --by COLUMN,COLUMN.' : '',
      ...follows.map((dimension) => `${visible(dimension.name)} follows from the label: its values are worse or better as their classes are.`),
    ].filter(Boolean).join(' ');
  }
  drawViews();
  draw();
  const field = (title, select) => el('label', {}, el('span', {}, title), select);
  const fields = [metric.views.length > 1 || slices.metrics.length > 1 ? field('Show', viewField) : null, slices.metrics.length > 1 ? field('Metric', metricField) : null];
  return [el('h3', {}, 'Two columns at a time'), hint, el('div', { class: 'tools celltools' }, fields.filter(Boolean)), table, legend, rest];
}

function cellTable(view, metric, slices, pick) {
  const [down, across] = [metric.dimensions[view.rows], metric.dimensions[view.across]];
  const byPlace = new Map(view.cells.map((cell) => [`${cell.row},${cell.column}`, cell]));
  const furthest = Math.max(...view.cells.map(({ difference }) => Math.abs(difference ?? 0)), 0.01);
  const header = (dimension, code) => {
    const words = dimension.values[code] === null ? metaValue(null) : dimension.ranges ? name(dimension.words[code].replace(`${dimension.name} `, '').replace(` ${dimension.name} `, ' \u2026 ')) : metaValue(dimension.values[code]);
    return el('span', { class: 'axis-name', title: visible(dimension.words[code]) }, words);
  };
  const box = (row, column) => {
    const cell = byPlace.get(`${row},${column}`);
    if (!cell) return el('td', { class: 'none' }, el('span', { class: 'unseen' }, 'no sample counted'));
    const words = cell.terms.map(([dimension, code]) => dimension.words[code]).join(' and ');
    const title = `${visible(words)}: ${figuresOf(cell, metric, slices.fewest)}`;
    if (cell.value === null) return el('td', { class: 'few', title }, el('span', { 'aria-hidden': 'true' }, '\u2013'), el('span', { class: 'n', 'aria-hidden': 'true' }, count(cell.n)), el('span', { class: 'unseen' }, title));
    const worse = cell.differenceLow > 0;
    const better = cell.differenceHigh < 0;
    const heat = Math.abs(cell.difference) / furthest;
    const kind = worse ? `heat${heat > 0.57 ? ' warm' : ''}${heat > 0.75 ? ' hot' : ''}` : better ? 'better' : 'chance';
    const sign = worse ? WORSE : better ? BETTER : '';
    const button = el('button', { type: 'button', title, 'aria-label': title, onclick: () => pick(cell, metric) }, el('span', { class: 'v' }, whole(cell.value), sign ? el('span', { class: 'sign' }, sign) : null), el('span', { class: 'n' }, count(cell.n)));
    const place = el('td', { class: kind }, button);
    if (worse) place.style.setProperty('--heat', `${Math.round(100 * heat)}%`);
    return place;
  };
  const head = view.columnCodes.map((code) => el('th', { scope: 'col' }, header(across, code)));
  const rows = view.rowCodes.map((code) => el('tr', {}, el('th', { scope: 'row' }, header(down, code)), view.columnCodes.map((column) => box(code, column))));
  const corner = el('td', { class: 'corner' }, el('span', { class: 'quiet' }, name(down.name), ' \u2193 ', name(across.name), ' \u2192'));
  return el(
    'table',
    { class: 'cells' },
    el('caption', { class: 'unseen' }, `${metric.title} by ${visible(down.name)} (rows) and ${visible(across.name)} (columns): share, and number of samples counted`),
    el('thead', {}, el('tr', {}, corner, head)),
    el('tbody', {}, rows),
  );
}

// The slices that a search for weak ones found, and those that people named: a table each.
function listedSlices(slices, pick) {
  const metric = slices.metrics[0];
  const weak = slices.listed.filter(({ where }) => where !== null);
  const named = slices.listed.filter(({ where }) => where === null);
  const whose = `${metric.title} ${whoseOf(metric)} ${metric.counted}`.replace('  ', ' ');
  const found = `Where a search found the ${metric.name === 'error_rate' ? 'model weakest' : 'labels worst'}: found in one half of the rows, measured in the other. The interval of a difference counts all slices that were looked at.`;
  const told = `${whose}. The interval of a difference holds ${named.length > 1 ? `for these ${count(named.length)} slices together` : 'at 95\u00a0%'}; ${WORSE} is worse than all others beyond chance.`;
  return [
    weak.length ? [el('h3', {}, 'Weak slices'), slicesTable(weak, metric, { caption: 'Weak slices, the worst first', hint: `${whose}. ${found}`, measured: 'Measured' }, pick)] : null,
    named.length ? [el('h3', {}, 'Named slices'), slicesTable(named, metric, { caption: 'Named slices, the worst first', hint: told, measured: 'Counted' }, pick)] : null,
  ].filter(Boolean).flat();
}

function slicesTable(rows, metric, { caption, hint, measured }, pick) {
  const title = (slice) => [
    el('button', { type: 'button', class: 'link', onclick: () => pick(slice, metric) }, name(slice.name ?? slice.predicate)),
    slice.name && slice.predicate ? el('div', { class: 'quiet small' }, name(slice.predicate)) : null,
    slice.follows ? el('div', {}, el('span', { class: 'chip' }, visible(slice.follows))) : null,
  ];
  const told = (value, words) => (value === null ? '\u2013' : words());
  const columns = [
    { title: 'Slice', value: (slice) => slice.name ?? slice.predicate, cell: title },
    { title: measured, numeric: true, value: (slice) => slice.n, cell: (slice) => count(slice.n) },
    { title: metric.title, numeric: true, value: (slice) => slice.value, cell: (slice) => told(slice.value, () => `${share1(slice.value)} (${range(slice.low, slice.high)})`) },
    { title: 'All others', numeric: true, value: (slice) => slice.rest, cell: (slice) => told(slice.rest, () => share1(slice.rest)) },
    { title: 'Difference, in points', numeric: true, value: (slice) => slice.difference, cell: (slice) => told(slice.differenceLow, () => `${points(slice.difference)} (${points(slice.differenceLow)} to ${points(slice.differenceHigh)})${slice.differenceLow > 0 ? ` ${WORSE}` : slice.differenceHigh < 0 ? ` ${BETTER}` : ''}`) },
  ];
  return sortableTable(columns, rows, { caption, hint, limit: 12, noun: 'slices' });
}

const shellQuoted = (word) => (/^[\w.,:/@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// Above the list: what slice it shows, and the command that pushes the whole of it.
function chosenSlice(slice, slices, close) {
  const { metric } = slice;
  const inSlice = slices.samples.filter(slice.has);
  const wrong = inSlice.filter((sample) => findingOf(sample, slices.wrong)).length;
  const flagged = inSlice.filter((sample) => sample.findings.some(({ issue }) => issue !== slices.wrong)).length;
  const all = metric.name !== 'error_rate' || metric.proxy ? null : slice.wrong ?? (slice.value === null ? null : Math.round(slice.value * slice.n));
  const onPage = slices.share && !slice.listed
    ? 'This page holds no metadata of samples, so it cannot list them.'
    : `On this page: ${count(flagged)} flagged ${flagged === 1 ? 'sample' : 'samples'} of it${all === null ? '' : `, and ${count(wrong)} of its ${count(all)} wrong predictions`}.`;
  const project = el('input', { type: 'text', value: `${slices.name} slices`, 'aria-label': 'Project', autocomplete: 'off', spellcheck: 'false' });
  const command = el('code', { class: 'command' });
  const said = el('span', { class: 'quiet', role: 'status' });
  const write = () => {
    const words = ['labelsift', 'push', 'label-studio', project.value || 'PROJECT', '--run', slices.run, ...(slice.where ? ['--where', slice.where] : ['--slice', slice.slug])];
    command.textContent = words.map(shellQuoted).join(' ');
    said.textContent = '';
  };
  project.addEventListener('input', write);
  write();
  const copy = async () => (said.textContent = (await copied(command.textContent)) ? 'Copied.' : 'The browser does not let this page copy: select the command instead.');
  const push = slices.pushable
    ? el('div', { class: 'pushing' },
        el('p', {}, `Have people check all its samples, flagged or not, the wrong ones first; add --budget N for the worst N:`),
        el('p', { class: 'commandline' }, command, el('button', { type: 'button', class: 'copy', onclick: copy }, 'Copy'), said),
        el('label', { class: 'small' }, el('span', { class: 'quiet' }, 'Project '), project))
    : el('p', { class: 'hint' }, 'A run that is kept in no store, or without its texts, cannot be pushed later.');
  return [
    el('header', {}, el('h3', {}, slice.where ? 'Weak slice: ' : 'Slice: ', name(slice.name ?? slice.predicate)), el('button', { type: 'button', class: 'link', onclick: close }, 'Show all samples again')),
    el('p', {}, figuresOf(slice, metric, slices.fewest), slice.follows ? ` It ${visible(slice.follows)}.` : ''),
    el('p', {}, onPage),
    push,
  ];
}
