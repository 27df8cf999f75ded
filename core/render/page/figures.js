// The overview: cards, label quality, mix-ups, classes, matrix. `pick` sends the reader to the samples.

function issueCards(overview, pick) {
  const found = overview.issues.filter((one) => one[4]);
  const none = overview.issues.filter((one) => !one[4]).map((one) => one[1].toLowerCase());
  const cards = found.map(([issue, title, , meaning, flagged, of, rate]) =>
    el(
      'button',
      { class: `card${issue === 'label' ? ' suspect' : ''}`, type: 'button', onclick: () => pick({ issue }) },
      el('span', { class: 'title' }, title),
      el('span', { class: 'figure' }, count(flagged)),
      el('span', { class: 'rate' }, rate ? `${rate} of ${count(of)}` : `of ${count(of)}`),
      el('span', { class: 'meaning' }, meaning),
    ),
  );
  const grid = el('div', { class: 'grid' }, cards);
  grid.style.setProperty('--columns', String(cards.length > 6 ? Math.ceil(cards.length / 2) : Math.max(cards.length, 4)));
  return [cards.length ? grid : null, none.length ? el('p', { class: 'hint' }, `Also looked for, and not found: ${none.join(', ')}.`) : null];
}

// Stacked bars over the label scores: the flagged ones below, in the colour of suspicion.
function qualityFigure(quality, labeled) {
  const [width, height, left, bottom, top] = [560, 210, 44, 30, 10];
  const bins = quality.counts.length;
  const highest = Math.max(...quality.counts, 1);
  const step = niceStep(highest / 4);
  const scale = (value) => (value / (Math.ceil(highest / step) * step)) * (height - bottom - top);
  const across = (width - left) / bins;
  const lines = [];
  for (let tick = 0; tick <= Math.ceil(highest / step) * step; tick += step) {
    const y = height - bottom - scale(tick);
    lines.push(
      svg('line', { x1: left, x2: width, y1: y, y2: y, class: tick ? 'grid' : 'axis' }),
      svg('text', { x: left - 8, y: y + 4, class: 'tick end' }, count(tick)),
    );
  }
  const bars = quality.counts.flatMap((total, at) => {
    const flagged = quality.flagged[at];
    const x = left + at * across + 1;
    const tall = (value) => (value ? Math.max(scale(value), 1.5) : 0);
    const base = height - bottom;
    const said = `Score ${(at / bins).toFixed(2)} to ${((at + 1) / bins).toFixed(2)}: ${count(total)} labels, ${count(flagged)} flagged`;
    return svg(
      'g',
      {},
      svg('title', {}, said),
      svg('rect', { x, y: top, width: across - 2, height: base - top, class: 'hit' }),
      svg('rect', { x, y: base - tall(total), width: across - 2, height: tall(total), class: 'bar good' }),
      svg('rect', { x, y: base - tall(flagged), width: across - 2, height: tall(flagged), class: 'bar bad' }),
    );
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) =>
    svg('text', { x: left + at * (width - left), y: height - 10, class: `tick ${at === 0 ? '' : at === 1 ? 'end' : 'mid'}` }, String(at)),
  );
  const flagged = quality.flagged.reduce((a, b) => a + b, 0);
  const total = quality.counts.reduce((a, b) => a + b, 0);
  const title = `How label scores are spread: ${count(flagged)} of ${count(total)} labels are flagged.`;
  return el(
    'figure',
    { id: 'quality' },
    el('h2', {}, 'Label quality'),
    el('p', { class: 'hint' }, 'Number of labels by score, from 0 (certainly wrong) to 1 (good).'),
    svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': title }, lines, bars, ticks),
    el(
      'figcaption',
      { class: 'legend' },
      el('span', { class: 'key bad' }, `Flagged: ${count(flagged)}`),
      el('span', { class: 'key good' }, `Not flagged: ${count(total - flagged)}`),
      labeled > total ? el('span', { class: 'quiet' }, `Not judged: ${count(labeled - total)}`) : null,
    ),
  );
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1)));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) || power;
}

function mixUps(confusions, pick) {
  const highest = confusions[0][2];
  return el(
    'figure',
    { id: 'mixups' },
    el('h2', {}, 'Most common mix-ups'),
    el('p', { class: 'hint' }, 'Flagged samples by given and suggested label.'),
    el(
      'ol',
      { class: 'mixups' },
      confusions.slice(0, 8).map(([given, suggested, found]) =>
        el(
          'li',
          {},
          el(
            'button',
            { type: 'button', class: 'mixup', onclick: () => pick({ issue: 'label', given, suggested }) },
            el('span', { class: 'names' }, name(given, { class: 'given' }), el('span', { class: 'arrow' }, '\u2192'), name(suggested, { class: 'suggested' })),
            el('span', { class: 'found' }, count(found)),
            svg('svg', { class: 'meter', viewBox: '0 0 100 3', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { width: (100 * found) / highest, height: 3 })),
          ),
        ),
      ),
    ),
  );
}

function rateCell(part, whole, highest) {
  return el(
    'span',
    { class: 'ratecell' },
    svg('svg', { class: 'meter', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { width: highest ? (100 * part) / whole / highest : 0, height: 8 })),
    el('span', {}, percent(part, whole)),
  );
}

function classTable(classes, pick) {
  const at = Object.fromEntries(classes.columns.map((column, place) => [column, place]));
  const get = (column) => (row) => row[at[column]];
  const rate = (row) => (row[at.rows] ? row[at.flagged] / row[at.rows] : 0);
  const highest = Math.max(...classes.rows.map(rate), 0);
  const sets = classes.task === 'multilabel';
  const columns = [
    { title: sets ? 'Label' : 'Class', value: get('name'), cell: (row) => sets ? name(row[at.name]) : [el('button', { type: 'button', class: 'link', onclick: () => pick({ issue: '', given: row[at.name] }) }, name(row[at.name])), row[at.remark] ? el('span', { class: 'quiet' }, ` ${row[at.remark]}`) : null] },
    { title: 'Judged', numeric: true, value: get('rows'), cell: (row) => count(row[at.rows]) },
    { title: 'Suspicious', numeric: true, value: get('flagged'), cell: (row) => count(row[at.flagged]) },
    { title: 'Rate', numeric: true, value: rate, cell: (row) => (row[at.rows] ? rateCell(row[at.flagged], row[at.rows], highest) : '\u2013') },
    sets ? { title: 'Extra', numeric: true, value: (row) => row[at.flagged] - row[at.incoming], cell: (row) => count(row[at.flagged] - row[at.incoming]) } : { title: 'Most confused with', value: get('confusedWith'), cell: (row) => (row[at.confused] ? el('span', {}, name(row[at.confusedWith]), el('span', { class: 'quiet' }, ` \u00d7\u202f${count(row[at.confused])}`)) : '\u2013') },
    { title: sets ? 'Missing' : 'Suggested elsewhere', numeric: true, value: get('incoming'), cell: (row) => count(row[at.incoming]) },
  ];
  if (!classes.shares) columns.splice(3, 1);
  if (classes.rows.some((row) => row[at.agreement] !== null)) {
    columns.push({ title: 'Model agrees', numeric: true, value: get('agreement'), cell: (row) => (row[at.agreement] === null ? '\u2013' : percent(row[at.agreement], 1)) });
  }
  const table = sortableTable(columns, classes.rows, { caption: 'Health of each class, the highest rate of suspicious labels first', limit: 12, noun: 'classes' });
  const missing = classes.total - classes.rows.length;
  return [table, missing ? el('p', { class: 'hint' }, `${count(missing)} healthier classes are not on this page.`) : null];
}

function matrixFigure(matrix, pick) {
  const { labels, cells } = matrix;
  const found = new Map(cells.map(([given, suggested, value]) => [`${given},${suggested}`, value]));
  const highest = Math.max(...cells.map((cell) => cell[2]), 1);
  const level = (value) => Math.max(1, Math.ceil((5 * Math.log1p(value)) / Math.log1p(highest)));
  const cell = (given, suggested) => {
    const value = found.get(`${given},${suggested}`);
    if (!value) return el('td', { class: given === suggested ? 'same' : null });
    const said = `${count(value)} labeled ${visible(labels[given])}, suggested ${visible(labels[suggested])}`;
    const show = () => pick({ issue: 'label', given: labels[given], suggested: labels[suggested] });
    return el('td', { class: `heat${level(value)}` }, el('button', { type: 'button', title: said, 'aria-label': said, onclick: show }, count(value)));
  };
  const head = labels.map((label) => el('th', { scope: 'col' }, el('span', { class: 'turned' }, name(label, { title: visible(label) }))));
  const rows = labels.map((label, given) =>
    el('tr', {}, el('th', { scope: 'row' }, name(label, { title: visible(label) })), labels.map((_, suggested) => cell(given, suggested))),
  );
  const part = matrix.total > labels.length ? `The ${labels.length} most affected of ${count(matrix.total)} classes; ${count(matrix.outside)} flagged samples lie outside.` : '';
  const caption = 'Given label (rows) against suggested label (columns): number of flagged samples';
  return el(
    'figure',
    {},
    el('h3', {}, 'Given against suggested'),
    el('p', { class: 'hint' }, `Rows: the given label. Columns: the suggestion. Each number opens its samples. ${part}`),
    el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
      el('table', { class: 'matrix' }, el('caption', { class: 'unseen' }, caption), el('thead', {}, el('tr', {}, el('td', { class: 'corner' }), head)), el('tbody', {}, rows)),
    ),
  );
}

function valueTable(values, overview, { pick, columns: known }) {
  const overall = overview.issues.find(([issue]) => issue === 'label').slice(4);
  const highest = Math.max(...values.map((row) => row[3] / row[2]));
  const columns = [
    { title: 'Value', value: (row) => `${row[0]} ${row[1]}`, cell: ([column, value, , , anchor]) => {
      const said = [el('span', { class: 'quiet' }, name(column), ': '), name(value)];
      const show = () => pick({ issue: 'label', meta: JSON.stringify([column, value]) });
      return el('span', { id: anchor }, known.includes(column) ? el('button', { type: 'button', class: 'link', onclick: show }, said) : said, ' ', linkTo(anchor, 'slice'));
    } },
    { title: 'Judged', numeric: true, value: (row) => row[2], cell: (row) => count(row[2]) },
    { title: 'Suspicious', numeric: true, value: (row) => row[3], cell: (row) => count(row[3]) },
    { title: 'Rate', numeric: true, value: (row) => row[3] / row[2], cell: (row) => rateCell(row[3], row[2], highest) },
    { title: 'Overall', numeric: true, value: () => 0, cell: () => percent(...overall) },
  ];
  return sortableTable(columns, values, { caption: 'Metadata values with more suspicious labels than the rest', noun: 'values' });
}

function annotatorTable(rows) {
  const share = (value) => (value === null ? '\u2013' : percent(value, 1));
  const columns = [
    { title: 'Annotator', value: (row) => row[0], cell: (row) => name(row[0]) },
    { title: 'Labels', numeric: true, value: (row) => row[1], cell: (row) => count(row[1]) },
    { title: 'Agreement', numeric: true, value: (row) => row[2], cell: (row) => share(row[2]) },
    { title: 'Quality', numeric: true, value: (row) => row[3], cell: (row) => share(row[3]) },
  ];
  return sortableTable(columns, rows, { caption: 'Annotators, the weakest first', limit: 12, noun: 'annotators' });
}

function sliceTable(slices) {
  const columns = [
    { title: 'Slice', value: (row) => row[2], cell: ([, anchor, predicate]) => el('span', { id: byId(anchor) ? null : anchor }, name(predicate), ' ', linkTo(anchor, 'slice')) },
    { title: 'Samples', numeric: true, value: (row) => row[3], cell: (row) => count(row[3]) },
    { title: 'Judged', numeric: true, value: (row) => row[4], cell: (row) => count(row[4]) },
    { title: 'Suspicious', numeric: true, value: (row) => row[5], cell: (row) => count(row[5]) },
  ];
  return sortableTable(columns, slices, { caption: 'Slices that people wrote notes on', noun: 'slices' });
}

// A note of a person, with a link to what it is about.
function personsNote([kind, about, anchor, text, who, day]) {
  const what = kind === 'run' ? null : el('span', {}, el('a', { href: `#${encodeURIComponent(anchor).replace(/%3A/g, ':')}` }, `${kind} `, name(about)), ': ');
  return el('li', { dir: 'auto' }, what, visible(text), el('span', { class: 'quiet' }, ` ${visible(who)}, ${day}`));
}
