"""`/docs`: a page that a person can read, generated from the list of endpoints and the table of codes."""

from collections.abc import Sequence
from html import escape

from configurator.protocol.codes import CODES
from realtime.api.declared.endpoints import Endpoint
from realtime.api.declared.polling import polling_endpoints


def docs_page(endpoints: Sequence[Endpoint], *, public_url: str) -> str:
    """A page without scripts that lists every endpoint, the socket messages and the codes."""
    rows = "".join(
        f"<tr><td><code>{each.method}</code></td><td><code>{escape(each.path)}</code></td>"
        f"<td>{escape(each.summary)} {escape(each.description)}</td></tr>"
        for each in (*endpoints, *polling_endpoints())
    )
    codes = "".join(
        f"<tr><td><code>{code.name}</code></td><td>{code.status}</td><td>{code.close or '–'}</td>"
        f"<td>{'yes' if code.retryable else 'no'}</td><td>{escape(code.text.en)}</td></tr>"
        for code in CODES.values()
    )
    return _PAGE.format(rows=rows, codes=codes, url=escape(public_url))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>NEST-Haus Live – API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --paper: #f6f5f1; --ink: #1d1f1e; --line: #dedcd4; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #161716; --ink: #ecebe6; --line: #343735; }} }}
body {{ background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  max-width: 70rem; margin: 40px auto; padding: 0 24px; }}
table {{ border-collapse: collapse; width: 100%; }} main {{ overflow-x: auto; }}
td, th {{ border-bottom: 1px solid var(--line); padding: 8px 12px 8px 0; text-align: left;
  vertical-align: top; }}
pre {{ border: 1px solid var(--line); border-radius: 10px; padding: 16px; overflow-x: auto; }}
</style></head><body><main>
<h1>NEST-Haus Live – API</h1>
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a>. Authenticate with
<code>Authorization: Bearer &lt;token&gt;</code>; <code>POST /api/people</code> gives you one.
Money is integer cents. A retry with the same <code>op_id</code> is always safe.</p>
<h2>Edit a house with curl</h2>
<pre id="curl">URL={url}
HOUSE=$(curl -s -X POST "$URL/api/configurations" -H 'content-type: application/json' -d '{{}}')
CODE=$(echo "$HOUSE" | sed 's/.*"code":"\\([^"]*\\)".*/\\1/')
TOKEN=$(echo "$HOUSE" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
OP_ID=$(uuidgen 2&gt;/dev/null || cat /proc/sys/kernel/random/uuid)
curl -s -X POST "$URL/api/configurations/$CODE/ops" -H "authorization: Bearer $TOKEN" \\
  -H 'content-type: application/json' -d '{{"op_id": "'$OP_ID'", "base_version": 0,
  "operation": {{"kind": "select", "category": "nest", "option": "nest120"}}}}'
echo; echo "$URL/c/$CODE"</pre>
<h2>Endpoints</h2>
<table><thead><tr><th>Method</th><th>Address</th><th>What it does</th></tr></thead>
<tbody>{rows}</tbody></table>
<h2>Sockets</h2>
<p>Raw WebSocket at <code>/ws</code> (subprotocol <code>nest.v1</code>) and Socket.IO at
<code>/socket.io</code>, namespace <code>/configurator</code>, speak the same messages, listed
with examples and a live console at <a href="/developers">/developers</a>.
The first one is <code>hello</code>, within five seconds. The rules are at <a href="/spec">/spec</a>;
clients for Python and JavaScript are at <a href="/developers#sdk">/developers</a>.</p>
<pre>&gt; {{"type": "hello", "protocol": 1, "token": "..."}}
&gt; {{"type": "join", "id": "1", "configuration": "CODE"}}
&gt; {{"type": "op", "id": "2", "configuration": "CODE", "op_id": "uuid", "base_version": 0,
   "operation": {{"kind": "select", "category": "nest", "option": "nest120"}}}}
&lt; {{"type": "op", "version": 1, "outcome": "committed", "changes": [...], "derived": {{"price": ...}}}}
&lt; {{"type": "outcome", "re": "2", "outcome": "committed", "version": 1, ...}}</pre>
<h2>Codes</h2>
<table><thead><tr><th>Code</th><th>HTTP</th><th>Close</th><th>Retry</th><th>What to do</th></tr>
</thead><tbody>{codes}</tbody></table>
</main></body></html>
"""
