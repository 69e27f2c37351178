"""The headers of every answer of the page's server: what the page may load, and who may load it."""

from footfall.configuration import PAGE_CONTENT_SECURITY


def content_security(edge_url: str) -> str:
    """The policy of all our pages, with the edge as the one other place to send to; and no script may make markup of a text."""
    opened = {f"{kind}-src 'self'": f"{kind}-src 'self' {edge_url}" for kind in ("img", "connect")}
    directives = (directive.strip() for directive in PAGE_CONTENT_SECURITY.split(";"))
    return "; ".join([*(opened.get(directive, directive) for directive in directives), "require-trusted-types-for 'script'"])


def headers(edge_url: str) -> dict[str, str]:
    """Headers of every answer: only its own files and the edge, nothing inline, nothing kept, in no frame."""
    return {
        "Content-Security-Policy": content_security(edge_url),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
