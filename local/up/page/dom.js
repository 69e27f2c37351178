// What every part of the page needs: elements made of texts, never of markup.

export function byId(id) {
    return document.getElementById(id);
}

export function element(tag, { className = '', text = '' } = {}, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.textContent = text;
    made.append(...children);
    return made;
}

// Tell whoever listens to the page.
export function say(text) {
    byId('announcement').textContent = text;
}

export function timeOf(at) {
    return new Date(at * 1000).toLocaleTimeString([], { hour12: false });
}
