// One request before and after: its way with the time of each step, and the sections that the server has for it.

import { byId, element, timeOf } from './dom.js';

function verdictOf({ outcome, why, took_ms, copies }) {
    const codes = why.map((reason) => reason.code).join(' or ');
    const after = took_ms === null ? '' : `, ${took_ms} ms after the edge answered`;
    const twice = copies > 1 ? ` Its line came ${copies} times: the view hits shows it once.` : '';
    return {
        row: `A row in hits${after}.${twice}`,
        reject: `Rejected: ${codes}. A row in rejects${after}.`,
        suppressed: `Suppressed: ${codes}. Counted, and nothing written.`,
        refused: 'Refused by the edge. CloudFront answers such a request with an error and logs nothing.',
        failed: `Failed: ${codes}. Its line is under the error prefix.`,
        waiting: 'On its way …',
    }[outcome];
}

function deliveredOf({ delivery, delivered_ms }) {
    const after = delivered_ms === null ? '' : ` after ${delivered_ms} ms`;
    return {
        delivered: `Delivered to its destination${after}.`,
        rejected: `Not accepted by its destination${after}: a dead letter.`,
        uncertain: 'Nobody can know whether its destination has it: a dead letter.',
        waiting: 'Waiting in the queue for its destination.',
    }[delivery] || '';
}

export function showDetail(found) {
    const verdict = byId('verdict');
    byId('intro').hidden = true;
    byId('detail').dataset.request = found.id;
    verdict.textContent = verdictOf(found);
    verdict.dataset.outcome = found.outcome;
    byId('remedy').textContent = found.why.map(({ meaning, remedy }) => [meaning, remedy].filter(Boolean).join(' ')).join(' Or: ').replaceAll('`', '');
    byId('remedy').hidden = found.why.length === 0;
    byId('hops').replaceChildren(...found.hops.map(hop));
    byId('branch').replaceChildren(...found.branch.map(hop));
    byId('ways').dataset.has = found.branch.length ? 'both' : found.hops.length ? 'one' : 'none';
    const delivered = byId('delivered');
    delivered.textContent = deliveredOf(found);
    delivered.dataset.verdict = found.delivery;
    delivered.hidden = !found.delivery;
    byId('explain-label').hidden = !found.sections.some(({ columns }) => columns.some(({ meaning }) => meaning));
    byId('jump').replaceChildren(...found.sections.map(({ name, title }) => link(`#section-${name}`, title)));
    byId('jump').hidden = false;
    byId('sections').replaceChildren(...found.sections.map(section));
}

function link(href, text) {
    const made = element('a', { text });
    made.href = href;
    return made;
}

function hop({ label, at, took_ms }) {
    const took = at === null ? 'not yet' : took_ms === null ? timeOf(at) : `+${took_ms} ms`;
    return element('li', { className: at === null ? 'ahead' : '' }, element('strong', { text: label }), element('span', { className: 'took', text: took }));
}

function section({ name, title, columns, empty, note, raw, raw_label, legend }) {
    const heading = element('h3', { text: title });
    const made = element('section', { className: `section ${name}` }, heading);
    made.id = `section-${name}`;
    heading.id = `section-${name}-title`;
    made.setAttribute('aria-labelledby', heading.id);
    const keys = Object.entries(legend).map(([fate, text]) => key(fate, text));
    made.append(
        ...(keys.length ? [element('p', { className: 'legend' }, ...keys)] : []),
        ...(empty ? [element('p', { className: 'none', text: empty })] : [element('dl', { className: 'columns' }, ...columns.map(column))]),
        ...(note ? [element('p', { className: 'note', text: note })] : []),
        ...(raw ? [rawText(raw, raw_label)] : []),
    );
    return made;
}

function key(fate, text) {
    const sign = { dropped: element('del', { text: 'struck through' }), becomes: element('span', { className: 'becomes', text: '→' }), new: element('span', { className: 'new', text: '+' }) }[fate];
    return element('span', {}, sign, ` ${text}`);
}

function rawText(raw, label) {
    const text = element('pre', { text: raw });
    text.tabIndex = 0; // it scrolls
    text.setAttribute('role', 'region');
    text.setAttribute('aria-label', label);
    return element('details', {}, element('summary', { text: label }), text);
}

function column({ name, type, meaning, is_repeat, is_fact, parts, verdict }) {
    const term = element('dt', {}, element('span', { text: name }), ...(type ? [' ', element('span', { className: 'type', text: type })] : []));
    const value = element('dd', { className: is_repeat ? 'repeat' : '' }, ...lines(parts, is_repeat));
    value.append(...(meaning ? [element('span', { className: 'meaning', text: meaning })] : []));
    const made = element('div', { className: is_fact ? 'fact' : '' }, term, value);
    made.dataset.verdict = verdict || '';
    return made;
}

// A part that became something has a line of its own; those dropped one after the other share one, as do all of a repeat.
function lines(parts, isRepeat) {
    const groups = [];
    for (const one of parts) {
        const isRun = isRepeat || (one.fate === 'dropped' && one.becomes.length === 0);
        const last = groups[groups.length - 1];
        if (isRun && last && last.isRun) {
            last.parts.push(one);
        } else {
            groups.push({ isRun, parts: [one] });
        }
    }
    return groups.map((group) => element('span', { className: 'line' }, ...group.parts.flatMap((one, index) => [index && !one.lead ? ', ' : '', ...part(one, isRepeat)])));
}

function part({ lead, text, fate, becomes }, isRepeat) {
    const shown = fate === 'dropped' ? element('del', { text }) : element('span', { className: fate, text });
    const hint = fate === 'dropped' ? [element('span', { className: 'unseen', text: ' (not written)' })] : fate === 'new' ? [element('span', { className: 'unseen', text: ' (new)' })] : [];
    const made = becomes.length && !isRepeat ? [element('span', { className: 'becomes', text: ` → ${becomes.join(', ')}` })] : [];
    return [lead, shown, ...hint, ...made];
}
