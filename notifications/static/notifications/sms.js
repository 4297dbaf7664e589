// How many short messages a text costs: the same count as notifications/core/sms.py makes, held to
// the same vectors by a test. The alphabet comes with the page, from the same file.
const sms = (alphabet) => {
  const basic = new Set(alphabet.basic);
  const extension = new Set(alphabet.extension);
  const rightToLeft = new RegExp(alphabet.rtl);
  const rooms = { "GSM-7": [160, 153], "UCS-2": [70, 67] };

  const parts = (widths, room) => {
    let count = 1;
    let used = 0;
    for (const width of widths) {
      // an extension character, like a surrogate pair, is never split
      if (used + width > room) [count, used] = [count + 1, 0];
      used += width;
    }
    return count;
  };

  const measure = (text) => {
    const characters = [...text];
    const gsm = characters.every((c) => basic.has(c) || extension.has(c));
    const encoding = gsm ? "GSM-7" : "UCS-2";
    const widths = characters.map((c) => (gsm ? (extension.has(c) ? 2 : 1) : c.length));
    const units = widths.reduce((sum, width) => sum + width, 0);
    const [single, joined] = rooms[encoding];
    const segments = units <= single ? Math.min(units, 1) : parts(widths, joined);
    return { encoding, units, segments };
  };

  const plain = (text) => {
    const swapped = new Map();
    // marks of direction stay where they are needed: such a text is UCS-2 in any case
    const kept = rightToLeft.test(text) ? alphabet.direction : "";
    let sent = "";
    for (const c of text) {
      const by = Object.hasOwn(alphabet.plain, c) && !kept.includes(c) ? alphabet.plain[c] : null;
      if (by !== null) swapped.set(c, by);
      sent += by ?? c;
    }
    return { text: sent, swapped };
  };

  return { measure, plain };
};

if (typeof module !== "undefined") module.exports = sms;
