// The flagged samples: decoded rows, and how one sample or one group of duplicates looks.

const records = (columns, rows) => rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]])));

function decode(content) {
  const { columns, strings } = content;
  const word = (place) => (place < 0 ? null : strings[place]);
  const nodes = records(columns.node, content.nodes);
  for (const node of nodes) node.label = word(node.label);
  const samples = records(columns.sample, content.samples).map((sample, order) => ({
    ...sample,
    order,
    node: nodes[sample.node],
    split: word(sample.split),
    predicted: word(sample.predicted),
    meta: sample.meta.map(word),
    link: webAddress(sample.link),
    findings: records(columns.finding, sample.findings).map((finding) => ({
      ...finding,
      issue: word(finding.issue),
      given: word(finding.given),
      suggested: word(finding.suggested),
      related: finding.related.map((place) => nodes[place]),
      evidence: finding.evidence.length ? records(columns.evidence, [finding.evidence])[0] : null,
    })),
  }));
  for (const [place, predicted] of content.wrong) samples[place].findings.push(wrongPrediction(word(predicted), content.cells));
  return samples;
}

// A wrong prediction is no finding of the scan, and is shown like one.
const wrongPrediction = (suggested, { wrong: issue, reason }) => ({ issue, score: null, given: null, suggested, confidence: null, reason, related: [], more: 0, group: -1, evidence: null, marks: [] });

function webAddress(link) {
  if (!link) return null;
  try {
    const { protocol, href } = new URL(link);
    return protocol === 'https:' || protocol === 'http:' ? href : null;
  } catch {
    return null;
  }
}

const findingOf = (sample, issue) => sample.findings.find((finding) => finding.issue === issue);
// The finding that a sample is shown for: that of the tab, else the main one.
const leadingOf = (sample, issue = '') => findingOf(sample, issue) || findingOf(sample, 'label') || findingOf(sample, 'span') || sample.findings[0];
// What people may filter by: a class. A span has words of its own, and is shown in its text.
const suggestionOf = (sample) => (findingOf(sample, 'label') || sample.findings.find((finding) => finding.suggested !== null && !['span', 'wrong_prediction'].includes(finding.issue)) || {}).suggested ?? null;

// A small sign beside a thing; its address is a link to that thing, on this page and on that of every later run.
const linkTo = (anchor, what) => el('a', { class: 'anchor', href: addressOf(anchor), title: `Link to this ${what}`, 'aria-label': `Link to this ${what}` }, '#');

function sampleCard(sample, context) {
  const { chips, meta, share, texts, issue } = context;
  const { node, findings } = sample;
  const leading = leadingOf(sample, issue);
  const facts = [['split', sample.split], ['predicted', sample.predicted], ...meta.map((column, place) => [column, sample.meta[place]])];
  const spans = findings.filter((finding) => finding.issue === 'span');
  const others = [...new Set(findings.map((finding) => finding.issue))].filter((each) => each !== issue); // the tab names its own
  return el(
    'article',
    { class: 'sample', tabindex: '-1', id: sample.anchor },
    el(
      'header',
      {},
      el('h3', {}, name(node.id)),
      linkTo(sample.anchor, 'sample'),
      others.length ? el('ul', { class: 'chips', 'aria-label': issue ? 'Other issues' : 'Issues' }, others.map((each) => el('li', { class: `chip ${['label', 'span'].includes(each) ? 'suspect' : ''}` }, chips.get(each) || each))) : null,
      el('span', { class: 'score', title: '0 = certainly bad, 1 = good' }, leading.score === null ? '' : `score ${leading.score.toFixed(3)}`),
      sample.link ? el('a', { href: sample.link, target: '_blank', rel: 'noopener noreferrer' }, 'Open task') : null,
    ),
    share || !texts ? null : textBlock(node.text, node.length, { marks: findings.flatMap((finding) => finding.marks) }),
    leading.issue === 'span' ? spans.map(spanLine) : labelLine(node.label, leading),
    el('div', { class: 'reasons' }, findings.map((finding) => reasonOf(finding, node, context))),
    sample.remarks.length ? el('ul', { class: 'remarks', 'aria-label': 'Notes by people' }, sample.remarks.map(([text, who, day]) => el('li', { dir: 'auto' }, visible(text), el('span', { class: 'quiet' }, ` ${visible(who)}, ${day}`)))) : null,
    share ? null : el('ul', { class: 'meta', 'aria-label': 'Metadata' }, facts.filter(([, value]) => value !== null).map(([column, value]) => el('li', {}, el('span', { class: 'quiet' }, name(column)), ' ', metaValue(value)))),
  );
}

function labelLine(given, finding) {
  if (given === null && finding.suggested === null) return null;
  const parts = [given === null ? null : part('Labeled', given, 'given'), finding.suggested === null ? null : maybe(finding.issue === 'wrong_prediction' ? 'Predicted' : given === null ? 'Suggested' : finding.issue === 'ambiguous' ? 'Or' : 'Maybe', finding.suggested, finding)];
  return el('dl', { class: `labels${finding.issue === 'label' ? ' suspect' : ''}` }, parts);
}

// What other texts say about a span ends its reason; the beginning says what the line shows already.
const ELSEWHERE = /[;:] (of [\d,]+ other uses of it, [\d,]+ are marked|[\d,]+ other texts? marks? it (?:so|otherwise))\.$/;
function spanLine(finding) {
  const elsewhere = ELSEWHERE.exec(finding.reason);
  const sameWords = finding.given !== null && finding.given === finding.suggested; // on a page without texts
  const parts = [part('Marked', finding.given ?? 'nothing', 'given'), maybe('Maybe', sameWords ? `${finding.suggested}, other bounds` : finding.suggested ?? 'nothing', finding)];
  return el('dl', { class: 'labels suspect' }, parts, elsewhere ? part('Elsewhere', elsewhere[1], 'elsewhere') : null);
}
const part = (title, value, kind, sure = null) => el('div', {}, el('dt', {}, title), el('dd', { class: kind }, name(value), sure));
// Of two labels that both may fit, none is surer.
const maybe = (title, value, { confidence, issue }) => part(title, value, 'suggested', confidence === null || issue === 'ambiguous' ? null : el('span', { class: 'sure', title: 'Confidence of the suggestion' }, percent(Math.min(confidence, 0.99), 1)));

// Why a sample is flagged, and the samples that show it. What stands above is not said again.
function reasonOf(finding, node, context) {
  if (finding.issue === 'span') return null;
  const labeled = [`Labeled ${node.label}; `, `Labeled ${node.label}: `].find((words) => finding.reason.startsWith(words));
  const words = labeled ? finding.reason.slice(labeled.length) : finding.reason;
  const sentence = el('span', { dir: 'auto' }, visible(words.replace(/^the model /, 'The model ')));
  if (!finding.related.length) return [el('p', {}, sentence), tellingWords(finding)];
  if (finding.group >= 0) return relatedSamples(finding, node, sentence, context); // the others are what the reason names
  const others = finding.related.length + finding.more;
  return [el('p', {}, sentence), tellingWords(finding), relatedSamples(finding, node, `${count(others)} nearest ${others === 1 ? 'sample' : 'samples'}`, context)];
}

// What the words are that are underlined in the sample's text, and of which model: the reason is the scan's.
function tellingWords({ marks }) {
  const telling = marks.find(([, , kind]) => kind.startsWith('telling'));
  if (!telling) return null;
  const model = telling[2] === 'telling' ? 'the model' : 'your own model';
  return el('p', { class: 'quiet' }, el('mark', { class: 'telling' }, 'Underlined'), `: the words that made ${model} say so.`);
}

function relatedSamples(finding, node, title, context) {
  const list = el('ol', { class: context.labeled ? 'related' : 'related bare' });
  const details = el('details', {}, el('summary', {}, title), list);
  details.addEventListener('toggle', () => {
    if (!details.open || list.childElementCount) return;
    list.append(...finding.related.map((other) => relatedRow(other, finding, node, context)));
    if (finding.more) details.append(el('p', { class: 'hint' }, `And ${count(finding.more)} more, in the findings table.`));
  });
  return details;
}

// A label, or that there is none where others have one.
const labelOf = (node, kind, { labeled }) => (labeled ? el('span', { class: `label ${kind}` }, node.label === null ? 'no label' : name(node.label)) : null);

function relatedRow(other, finding, node, context) {
  const side = other.label === null ? '' : other.label === finding.suggested ? 'suggested' : other.label === node.label ? 'given' : '';
  const text = context.share || !context.texts ? null : other.text === null ? el('p', { class: 'text blank' }, 'Text not on this page, for its size.') : textBlock(other.masked ?? other.text, other.length, { preview: 240 });
  return el('li', {}, labelOf(other, side, context), text, name(other.id, { class: 'id' }));
}

// Members of one duplicate group, side by side; where labels differ, that is what the eye should meet.
const SIDE_BY_SIDE = 6;

function groupCard(finding, members, context) {
  const share = context.share || !context.texts;
  const labels = new Set(members.map((node) => node.label));
  const grid = el('div', { class: 'members' });
  const member = (node) =>
    el(
      'div',
      { class: 'member' },
      el('p', { class: 'ident' }, name(node.id, { class: 'id' }), labelOf(node, labels.size > 1 ? 'differs' : '', context)),
      share ? null : node.text === null ? el('p', { class: 'text blank' }, 'Text not on this page, for its size.') : textBlock(node.masked ?? node.text, node.length),
    );
  grid.append(...members.slice(0, SIDE_BY_SIDE).map(member));
  const rest = members.slice(SIDE_BY_SIDE);
  const more = el('button', { type: 'button', class: 'link more' }, `Show ${count(rest.length)} more`);
  more.addEventListener('click', () => {
    grid.append(...rest.map(member));
    more.remove();
  });
  const total = members.length + finding.more;
  return el(
    'article',
    { class: 'sample group', tabindex: '-1' },
    el(
      'header',
      {},
      el('h3', {}, `${count(total)} samples${labels.size > 1 ? `, ${labels.size} different labels` : ''}`),
    ),
    grid,
    rest.length ? more : null,
    finding.more ? el('p', { class: 'hint' }, `And ${count(finding.more)} more, in the findings table.`) : null,
    share || new Set(members.map((node) => node.text)).size > 1 ? el('p', { class: 'reasons', dir: 'auto' }, visible(finding.reason)) : null,
  );
}
