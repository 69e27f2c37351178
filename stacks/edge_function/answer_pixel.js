// CloudFront Function (runtime cloudfront-js-2.0, viewer request) that answers every request to a pixel path at the edge.
// No origin is asked, no cookie is set or read, and of what the client sent only a validated Origin comes back.
// The runtime is ES 5.1 with const, let, arrow functions and template strings: no for-of, classes, spread or destructuring.

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAAC0lEQVR42mNgAAIAAAUAAen63NgAAAAASUVORK5CYII='; // webpage/1x1.png
const GIF = 'R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=='; // webpage/1x1.gif: what Matomo answers, byte for byte

const METHODS = 'GET, HEAD, POST, OPTIONS';
const ORIGIN = /^(null|[a-z][a-z0-9+.-]{1,30}:\/\/[A-Za-z0-9.:_[\]-]{1,262})$/;

function handler(event) {
    const request = event.request;
    const headers = commonHeaders(request.headers);

    if (request.method === 'GET' || request.method === 'HEAD' || isEmptyPost(request)) {
        return image(request, headers);
    }
    if (request.method === 'OPTIONS') {
        return preflight(headers);
    }
    if (request.method === 'POST') {
        return refusal(501, 'Not Implemented', 'Nothing collects a request body here yet. Send all parameters in the query string.\n', headers);
    }
    headers['allow'] = { value: METHODS };
    return refusal(405, 'Method Not Allowed', 'Use GET, or POST with everything in the query string and no body.\n', headers);
}

// matomo.js by default: sendBeacon, so a POST, with every parameter in the query string and an empty form as its body.
// Only an explicit length proves that nothing is lost: a real-time log never holds a body, and chunks have no length.
function isEmptyPost(request) {
    const length = request.headers['content-length'];
    return request.method === 'POST' && length !== undefined && length.value === '0';
}

// As Matomo (core/Tracker/Response.php): `send_image=0`, exactly that, is a 204; anything else gets its image, POST or not.
function image(request, headers) {
    if (lastValue(request.querystring['send_image']) === '0') {
        return { statusCode: 204, statusDescription: 'No Content', headers: headers };
    }
    const isPng = request.uri.toLowerCase().slice(-4) === '.png';
    headers['content-type'] = { value: isPng ? 'image/png' : 'image/gif' };
    const answer = { statusCode: 200, statusDescription: 'OK', headers: headers };
    if (request.method !== 'HEAD') {
        answer.body = { encoding: 'base64', data: isPng ? PNG : GIF };
    }
    return answer;
}

function preflight(headers) {
    headers['access-control-allow-methods'] = { value: METHODS };
    headers['access-control-allow-headers'] = { value: 'Content-Type' };
    headers['access-control-max-age'] = { value: '86400' };
    return { statusCode: 204, statusDescription: 'No Content', headers: headers };
}

function refusal(statusCode, statusDescription, text, headers) {
    headers['content-type'] = { value: 'text/plain; charset=utf-8' };
    return { statusCode: statusCode, statusDescription: statusDescription, headers: headers, body: { encoding: 'text', data: text } };
}

function commonHeaders(requestHeaders) {
    const headers = {
        // no-store: a pixel out of a cache is a request nobody logs. `no-cache, max-age=0` besides: that pair is what Gmail's
        // image proxy, which ignored no-store in December 2013, has honoured since March 2014, so that a second opening
        // of a mail is seen.
        'cache-control': { value: 'no-store, no-cache, max-age=0' },
        'cross-origin-resource-policy': { value: 'cross-origin' }, // else pages with COEP: require-corp cannot load it
        'timing-allow-origin': { value: '*' },
        'x-content-type-options': { value: 'nosniff' },
        'vary': { value: 'Origin' }
    };
    allowOrigin(headers, requestHeaders['origin']);
    return headers;
}

// sendBeacon and matomo.js's XMLHttpRequest (withCredentials) always ask with credentials. Browsers refuse `*` to those: the
// preflight of a JSON beacon fails, and matomo.js takes its success for a failure and sends the hit again. So a well-formed
// Origin is allowed by name with credentials, as Matomo does. That gives nothing away: no cookie is read, and the answer
// is the same for everyone.
function allowOrigin(headers, origin) {
    if (origin !== undefined && ORIGIN.test(origin.value)) {
        headers['access-control-allow-origin'] = { value: origin.value };
        headers['access-control-allow-credentials'] = { value: 'true' };
    } else {
        headers['access-control-allow-origin'] = { value: '*' };
    }
}

// PHP, and so Matomo, lets the last of repeated parameters win.
function lastValue(parameter) {
    if (parameter === undefined) {
        return undefined;
    }
    const values = parameter.multiValue;
    return values ? values[values.length - 1].value : parameter.value;
}
