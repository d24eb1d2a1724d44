/** Hosts are reached through these: whoever owns the host reads the address. `file` names a host on some systems. */
const NETWORK_SCHEMES = new Set(
  'http https ws wss ftp ftps sftp mailto ssh git file smb ldap ldaps gopher telnet tftp dict'.split(' '),
);
/** Schemes in front of a whole address. */
const WRAPPERS = new Set(['view-source', 'blob', 'feed', 'jar', 'url']);
const LONGEST_SCHEME = 12;

/**
 * True for a text that begins with an address on the network, as a URL parser reads it (WHATWG URL: control characters
 * and spaces in front, tabs and line breaks anywhere are overlooked), with `//host` or with `\\\\host`, and for one that
 * holds `scheme://` anywhere, whatever the scheme: of those that nobody listed some reach a host. `file:///` inside other words
 * names none. A bare host is no address: no text tells it from a file's name. Linear.
 */
export function isNetworkUri(text: string): boolean {
  return beginsWithAddress(text) || holdsAddress(text);
}

function holdsAddress(text: string): boolean {
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    let from = at;
    // A scheme begins with a letter; of a longer one the end is enough.
    let start = -1;
    while (from > 0 && at - from < LONGEST_SCHEME && isScheme(text.charCodeAt(from - 1))) {
      if (isLetter(text.charCodeAt(--from))) start = from;
    }
    if (start < 0) continue;
    const isLocal = text.slice(start, at).toLowerCase() === 'file' && text[at + 3] === '/';
    if (!isLocal) return true;
  }
  return false;
}

function isScheme(c: number): boolean {
  return isLetter(c) || (c >= 48 && c <= 57) || c === 43 || c === 45 || c === 46;
}

function beginsWithAddress(text: string): boolean {
  let scheme = '';
  let slashes = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 9 || c === 10 || c === 13) continue;
    if (c === 0x2f || c === 0x5c) {
      if (scheme !== '' || ++slashes > 2) return false;
    } else if (slashes > 0) {
      return slashes === 2 && c > 32;
    } else if (c === 0x3a) {
      if (NETWORK_SCHEMES.has(scheme)) return true;
      if (!WRAPPERS.has(scheme)) return false;
      scheme = '';
    } else if (isLetter(c) || (c === 0x2d && scheme !== '')) {
      if (scheme.length === LONGEST_SCHEME) return false;
      scheme += String.fromCharCode(c | 0x20);
    } else if (scheme !== '' || !isOverlooked(c)) return false;
  }
  return false;
}

function isLetter(c: number): boolean {
  return (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
}

/** In front of an address: what a URL parser strips, and what nobody sees. */
function isOverlooked(c: number): boolean {
  return c <= 32 || (c > 126 && /[\s\p{Cc}\p{Cf}]/u.test(String.fromCharCode(c)));
}
