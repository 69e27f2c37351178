/* Footfall's tracker: page views, events, outlinks and downloads in Matomo's dialect; no cookies, nothing stored.
 *
 *   <script src="https://pixel.example.org/footfall.js" data-site="1" defer></script>
 *
 * data-site      the site's id; without it the server's default site
 * data-endpoint  where hits go; default: matomo.php beside this script
 * data-auto      "off": no page view by itself, call footfall.pageView()
 * data-links     "off": outlinks and downloads are not followed
 * data-signals   "send": with Global Privacy Control or Do Not Track on, send anyway and leave the decision to the server's
 *                policy (the browser tells it the signal); default: send nothing
 *
 * Each hit is announced on the document as a "footfall" event: detail = { outcome: "sent" | "held", url, parameters }.
 */
(function () {
    'use strict';

    const MAX_URL_BYTES = 7500; // CloudFront answers 413 to more than 8,192 and logs nothing
    const DOWNLOADS = /\.(7z|apk|avi|bz2|csv|dmg|docx?|epub|exe|gz|iso|jar|mov|mp[34]|msi|od[pst]|pdf|pptx?|rar|tar|tgz|xlsx?|xz|zip)$/i;

    const script = document.currentScript || document.querySelector('script[src*="footfall.js"]');
    const options = script ? script.dataset : {};
    const beside = new URL('matomo.php', (script && script.src) || document.baseURI);
    const endpoint = new URL(options.endpoint || beside, document.baseURI);

    let page = withoutFragment(location.href);
    let referrer = document.referrer;
    let pageViewId = randomText(6);
    let isFirst = true;

    function isObjecting() {
        return navigator.globalPrivacyControl === true || navigator.doNotTrack === '1';
    }

    function send(parameters) {
        const all = [['idsite', options.site], ['rec', '1'], ['apiv', '1'], ['url', page], ['urlref', referrer], ['pv_id', pageViewId]]
            .concat(Object.entries(parameters), [['rand', randomText(8)], ['send_image', '0']])
            .filter(([, value]) => value !== undefined && value !== null && value !== '')
            .map(([name, value]) => [name, String(value)]);
        const url = fit(all);
        const outcome = isObjecting() && options.signals !== 'send' ? 'held' : 'sent';
        if (outcome === 'sent') {
            deliver(url);
        }
        document.dispatchEvent(new CustomEvent('footfall', { detail: { outcome, url, parameters: all } }));
        return outcome === 'sent';
    }

    // As matomo.js: a POST with everything in the query and no body, which outlives the page; an image where that is refused.
    function deliver(url) {
        const empty = new Blob([], { type: 'application/x-www-form-urlencoded' });
        if (!navigator.sendBeacon || !navigator.sendBeacon(url, empty)) {
            new Image(1, 1).src = url.replace('&send_image=0', '');
        }
    }

    // Make a URL of at most MAX_URL_BYTES: values longer than some common length are cut to it, so the longest lose first.
    function fit(parameters) {
        const lengths = parameters.map(([, value]) => encode(value).length);
        const saved = (room) => lengths.reduce((sum, length) => sum + Math.max(0, length - room), 0);
        const excess = address(parameters).length - MAX_URL_BYTES;
        let [room, most] = [0, excess > 0 ? Math.max(...lengths) : 0];
        while (room < most) {
            const middle = Math.ceil((room + most) / 2);
            [room, most] = saved(middle) >= excess ? [middle, most] : [room, middle - 1];
        }
        if (excess > 0) {
            parameters.forEach((pair, index) => { pair[1] = lengths[index] > room ? cut(pair[1], room) : pair[1]; });
        }
        return address(parameters);
    }

    function address(parameters) {
        const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encode(value)}`).join('&');
        return `${endpoint.href}${endpoint.search ? '&' : '?'}${query}`;
    }

    // The beginning of a text that needs at most `room` bytes when encoded; whole characters, and no half escape of a URL.
    function cut(text, room) {
        let [length, end] = [0, 0];
        for (const character of text) {
            length += encode(character).length;
            if (length > room) {
                break;
            }
            end += character.length;
        }
        return text.slice(0, end).replace(/%[0-9a-f]?$/i, '');
    }

    // encodeURIComponent refuses half a surrogate pair.
    function encode(text) {
        return encodeURIComponent(text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (found) => (found.length === 2 ? found : '\ufffd')));
    }

    function randomText(length) {
        const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';
        return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join('');
    }

    // A fragment may hold a token, and no server ever sees it.
    function withoutFragment(url) {
        return url.replace(/#.*$/, '');
    }

    function pageView(title, url) {
        referrer = isFirst ? referrer : page;
        isFirst = false;
        page = withoutFragment(new URL(url || location.href, document.baseURI).href);
        pageViewId = randomText(6);
        return send({ action_name: title || document.title });
    }

    function event(category, action, name, value) {
        return send({ e_c: category, e_a: action, e_n: name, e_v: value });
    }

    function link(url) {
        return send({ link: url });
    }

    function download(url) {
        return send({ download: url });
    }

    function follow(click) {
        const anchor = click.target instanceof Element ? click.target.closest('a[href]') : null;
        if (!anchor || click.button === 2 || !/^https?:$/.test(anchor.protocol)) {
            return;
        }
        if (anchor.hasAttribute('download') || DOWNLOADS.test(anchor.pathname)) {
            download(anchor.href);
        } else if (anchor.host !== location.host) {
            link(anchor.href);
        }
    }

    function start() {
        if (options.links !== 'off') {
            document.addEventListener('click', follow);
            document.addEventListener('auxclick', follow);
        }
        if (options.auto !== 'off') {
            pageView();
        }
    }

    window.footfall = { pageView, event, link, download };
    if (document.prerendering) {
        document.addEventListener('prerenderingchange', start, { once: true }); // nobody has seen the page yet
    } else {
        start();
    }
})();
