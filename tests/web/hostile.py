"""Texts that people may post to do harm; none may do any in whatever we write.

Each is used as the name of a service, as a post that is quoted, as a comment on a silence.
"""

from __future__ import annotations

#: name: text
HOSTILE: dict[str, str] = {
    "a script": "<script>alert('canary')</script>",
    "a closed attribute": "\"><img src=x onerror=alert('canary')>",
    "a single quote": "' onmouseover='alert(1)",
    "an event in svg": "<svg/onload=alert('canary')>",
    "the end of a script": "</script><script>alert('canary')</script>",
    "the end of a title": "</title><h1>canary</h1>",
    "the end of CDATA": "]]><x>canary</x>",
    "an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "a template": "{{ 7 * 7 }}{% raw %}${7*7}#{7*7}",
    "a link": "javascript:alert('canary')",
    "a link in Markdown": "[canary](javascript:alert(1)) ![x](http://evil.example/x.png)",
    "a formula": '=HYPERLINK("http://evil.example","canary")',
    "a formula behind a tab": "\t=1+1",
    "a formula by plus": "+1+cmd|' /C calc'!A0",
    "a formula by at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "a formula by minus": "-2+3+cmd|' /C calc'!A0",
    "a new calendar line": "canary\r\nBEGIN:VEVENT\r\nSUMMARY:evil\r\nEND:VEVENT",
    "a new header": "canary\r\nSet-Cookie: evil=1",
    "separators of a calendar": "a,b;c\\d:e",
    "an escape sequence": "\x1b[2J\x1b]0;canary\x07",
    "a zero byte": "canary\x00evil",
    "control characters": "canary\x01\x08\x0b\x0c\x1f\x7f\x85evil",
    "text that runs backwards": "canary\u202egpj.exe\u2066",
    "a line separator": "canary\u2028evil\u2029",
    "a lone surrogate": "canary\ud83devil",
    "no character": "canary\ufffe\uffffevil",
    "a long word": "canary" * 400,
    "many marks": "Z" + "\u0351\u0352\u0353" * 100,
    "a path": "../../../../etc/passwd",
    "a query": "a?b=c&d=e#f%2e%00",
    "a quotation in SQL": "Robert'); DROP TABLE incidents;--",
    "metrics": 'canary"} 1\nevil_metric{x="',
    "nothing but blanks": " \u00a0\u3000",
    "Chinese": "微信崩了《<b>》",
}
