// What the checks say of the data set as a whole: a section each, with the tables behind it and examples.

const TABLE_ROWS = 6;

function checkSections({ columns, example, rows }, { pick, has }) {
  return records(columns, rows).map((check) => checkSection({ ...check, examples: records(example, check.examples) }, { pick, has }));
}

function checkSection(check, { pick, has }) {
  const all = check.count ? el('button', { type: 'button', class: 'link', onclick: () => pick({ issue: check.issue }) }, check.count === 1 ? 'Show this sample' : `Show all ${count(check.count)} samples`) : null;
  const title = `check-${check.issue}`;
  return el(
    'article',
    { class: 'check', 'aria-labelledby': title },
    el('div', { class: 'about' }, el('h3', { id: title }, check.title), el('p', { class: 'hint' }, visible(check.meaning)), all),
    el(
      'div',
      { class: 'says' },
      check.verdict ? el('p', { class: 'verdict', dir: 'auto' }, visible(check.verdict)) : null,
      check.remarks.length ? remarksOf(check) : null,
      check.tables.map((table) => factTable(table, { folded: !check.verdict && !check.remarks.length })),
      check.examples.length ? examplesOf(check, has) : null,
    ),
  );
}

// What is said of classes, slices and the data set.
function remarksOf({ remarks, more }) {
  const item = ([what, why]) => el('li', { dir: 'auto' }, what && !why.includes(what) ? el('span', {}, name(what), ': ') : null, visible(why));
  return el('ul', { class: 'said' }, remarks.map(item), more ? el('li', { class: 'quiet' }, `And ${count(more)} more, in the findings table.`) : null);
}

// What nothing is said of lies folded: numbers to look up, and no finding.
function factTable([title, columns, shares, rows, more], { folded }) {
  const numeric = columns.map((_, place) => rows.some((row) => row[place] !== null) && rows.every((row) => row[place] === null || typeof row[place] === 'number'));
  const meters = shares.filter(Boolean).length === 1; // of several, they would say what belongs together
  const highest = columns.map((_, place) => (shares[place] ? Math.max(...rows.map((row) => row[place] ?? 0), 0) : 0));
  const shown = (value, place) => {
    if (value === null) return '\u2013';
    if (typeof value === 'boolean') return value ? 'yes' : 'no';
    if (typeof value !== 'number') return metaValue(value);
    if (shares[place]) return meters ? rateCell(value, 1, highest[place]) : percent(value, 1);
    return decimals.format(Number(value.toFixed(3)) + 0); // no -0
  };
  const heads = columns.map((column, place) => ({ title: visible(column), numeric: numeric[place], value: (row) => row[place], cell: (row) => shown(row[place], place) }));
  return el(
    folded ? 'details' : 'div',
    { class: 'facttable' },
    folded ? el('summary', {}, visible(title)) : el('h4', {}, visible(title)),
    sortableTable(heads, rows, { caption: visible(title), limit: TABLE_ROWS }),
    more ? el('p', { class: 'hint' }, `${count(more)} more rows are not on this page.`) : null,
  );
}
const decimals = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });

// Each with a link to its place in the list, where the page has room for it.
function examplesOf({ examples }, has) {
  const item = ({ anchor, id, text, reason }) =>
    el(
      'li',
      {},
      el('p', { class: 'ident' }, has(anchor) ? el('a', { href: addressOf(anchor) }, name(id, { class: 'id' })) : name(id, { class: 'id' }), reason ? el('span', { class: 'quiet', dir: 'auto' }, ` ${visible(reason)}`) : null),
      text === null ? null : text ? el('p', { class: 'text', dir: 'auto' }, visible(text)) : el('p', { class: 'text blank' }, '(nothing to see)'),
    );
  return el('div', { class: 'examples' }, el('h4', {}, examples.length === 1 ? 'Example' : 'Examples'), el('ul', {}, examples.map(item)));
}
