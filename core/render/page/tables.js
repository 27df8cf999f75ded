// Tables of classes, metadata values, annotators and slices, and the notes that people wrote.

function rateCell(part, whole, highest) {
  return el(
    'span',
    { class: 'ratecell' },
    svg('svg', { class: 'meter', viewBox: '0 0 100 8', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('rect', { width: highest ? (100 * part) / whole / highest : 0, height: 8 })),
    el('span', {}, percent(part, whole)),
  );
}

function classTable(classes, pick) {
  const place = Object.fromEntries(classes.columns.map((column, index) => [column, index]));
  const get = (column) => (row) => row[place[column]];
  const [rows, flagged, incoming, agreement] = ['rows', 'flagged', 'incoming', 'agreement'].map(get);
  const rate = (row) => (rows(row) ? flagged(row) / rows(row) : 0);
  const highest = Math.max(...classes.rows.map(rate), 0);
  const sets = classes.task === 'multilabel';
  const figure = (title, value) => ({ title, numeric: true, value, cell: (row) => count(value(row)) });
  const named = (row) => {
    const button = sets ? null : el('button', { type: 'button', class: 'link', onclick: () => pick({ issue: '', given: get('name')(row) }) }, name(get('name')(row)));
    return [button || name(get('name')(row)), get('remark')(row) ? el('span', { class: 'quiet' }, ` ${get('remark')(row)}`) : null];
  };
  const confused = (row) => (get('confused')(row) ? el('span', {}, name(get('confusedWith')(row)), el('span', { class: 'quiet' }, ` \u00d7\u202f${count(get('confused')(row))}`)) : '\u2013');
  const columns = [
    { title: sets ? 'Label' : 'Class', value: get('name'), cell: named },
    figure('Judged', rows),
    figure('Suspicious', flagged),
    classes.shares ? { title: 'Rate', numeric: true, value: rate, cell: (row) => (rows(row) ? rateCell(flagged(row), rows(row), highest) : '\u2013') } : null,
    sets ? figure('Extra', (row) => flagged(row) - incoming(row)) : { title: 'Most confused with', value: get('confusedWith'), cell: confused },
    figure(sets ? 'Missing' : 'Suggested elsewhere', incoming),
    classes.rows.some((row) => agreement(row) !== null) ? { title: 'Model agrees', numeric: true, value: agreement, cell: (row) => (agreement(row) === null ? '\u2013' : percent(agreement(row), 1)) } : null,
  ].filter(Boolean);
  const hint = highest ? 'The highest rate of suspicious labels first.' : null;
  const table = sortableTable(columns, classes.rows, { caption: 'Health of each class', hint, limit: matchMedia('(max-width: 40rem)').matches ? 6 : 12, noun: 'classes' });
  const missing = classes.total - classes.rows.length;
  return [table, missing ? el('p', { class: 'hint' }, `${count(missing)} healthier classes are not on this page.`) : null];
}

function valueTable(values, overview, { pick, columns: known }) {
  const overall = overview.issues.find(([issue]) => issue === 'label').slice(4);
  const highest = Math.max(...values.map(([, , rows, flagged]) => flagged / rows));
  const named = ([column, value, , , anchor, follows]) => {
    const words = [el('span', { class: 'quiet' }, name(column), ': '), metaValue(value)];
    const show = () => pick({ issue: 'label', meta: JSON.stringify([column, value]) });
    const target = known.includes(column) ? el('button', { type: 'button', class: 'link', onclick: show }, words) : words;
    return el('span', { id: anchor }, target, ' ', linkTo(anchor, 'slice'), follows ? el('span', { class: 'chip' }, 'follows from the label') : null);
  };
  const columns = [
    { title: 'Value', value: ([column, value]) => `${column} ${value ?? ''}`, cell: named },
    { title: 'Judged', numeric: true, value: (row) => row[2], cell: (row) => count(row[2]) },
    { title: 'Suspicious', numeric: true, value: (row) => row[3], cell: (row) => count(row[3]) },
    { title: 'Rate', numeric: true, value: (row) => row[3] / row[2], cell: (row) => rateCell(row[3], row[2], highest) },
  ];
  const note = values.some((row) => row[5]) ? ' A value that follows from the label is worse as its classes are: look at these.' : '';
  const hint = `Metadata values whose rate of suspicious labels is clearly above the ${percent(...overall)} of the whole data set.${note}`;
  return sortableTable(columns, values, { caption: 'Metadata values with more suspicious labels', hint, noun: 'values' });
}

function annotatorTable(rows) {
  const share = (title, place) => ({ title, numeric: true, value: (row) => row[place], cell: (row) => (row[place] === null ? '\u2013' : percent(row[place], 1)) });
  const columns = [
    { title: 'Annotator', value: (row) => row[0], cell: (row) => name(row[0]) },
    { title: 'Labels', numeric: true, value: (row) => row[1], cell: (row) => count(row[1]) },
    share('Agreement', 2),
    share('Quality', 3),
  ];
  return sortableTable(columns, rows, { caption: 'Annotators, the weakest first', limit: 12, noun: 'annotators' });
}

function sliceTable(slices) {
  const figure = (title, place) => ({ title, numeric: true, value: (row) => row[place], cell: (row) => count(row[place]) });
  const columns = [
    { title: 'Slice', value: (row) => row[2], cell: ([, anchor, predicate]) => el('span', { id: byId(anchor) ? null : anchor }, name(predicate), ' ', linkTo(anchor, 'slice')) },
    figure('Samples', 3),
    figure('Judged', 4),
    figure('Suspicious', 5),
  ];
  return sortableTable(columns, slices, { caption: 'Slices that people wrote notes on', noun: 'slices' });
}

// A note of a person, with a link to what it is about.
function personsNote([kind, about, anchor, text, who, day]) {
  const what = kind === 'run' ? null : el('span', {}, el('a', { href: addressOf(anchor) }, `${kind} `, name(about)), ': ');
  return el('li', { dir: 'auto' }, what, visible(text), el('span', { class: 'quiet' }, ` ${visible(who)}, ${day}`));
}
