/** Words that other languages in our letters cannot do without, though English stands around them. */
const FUNCTION_WORDS = new Set(
  `und der das dem den ist nicht ein eine einen bitte auf für mit von zum zur wir uns sie ich noch heute sofort
  el la los las para por una del con que su todos esta este pero ahora le les des est pour dans vous nous votre avec sur cette qui merci
  il lo gli della delle di che sono questo os uma não você het een voor niet met naar deze zijn och att det som på inte til og ikke
  nie się jest proszę bir ve için lütfen yang dan untuk dengan ini không của các`.split(/\s+/),
);
const MOST_APART = 12;
const FEWEST_WORDS = 3;
const LONGEST_WORD = 7;

/** How other languages ask politely, without their accents. */
const ASKING = [
  ...[
    'bitte',
    'veuillez',
    'merci de',
    "s'il te plait",
    "s'il vous plait",
    'por favor',
    'per favore',
    'per piacere',
  ],
  ...[
    'alstublieft',
    'alsjeblieft',
    'prosze',
    'prosim',
    'lutfen',
    'mohon',
    'tolong',
    'vanligen',
    'vennligst',
    'venligst',
  ],
];
/** Verbs of orders, as a sentence begins with them, without their accents: those of a few words hold nothing else to tell. */
const ORDERS =
  `sende sendet senden schick schicke schickt schicken leite leiten uberweise uberweisen ueberweise zahle zahlen bezahle losche loschen
  loesche offne offnen erstelle gib schreibe antworte kaufe buche klicke verwende
  envoie envoyez transfere transferez supprime supprimez efface effacez paie payez virez ouvre ouvrez ecris ecrivez reponds repondez
  achete achetez clique cliquez utilise utilisez partage partagez ajoute ajoutez
  envia envie envien manda mande reenvia reenvie borra borre elimina elimine paga pague abre abra escribe escriba escreva responde
  responda compra compre haz haga agrega apaga apague exclua transfiere transfiera transfira deposite
  invia inviate inoltra cancella pagate apri scrivi rispondi acquista clicca aggiungi trasferisci condividi
  stuur verstuur verzend verwijder wis betaal schrijf antwoord koop klik voeg wyslij przeslij usun zaplac przelej otworz napisz kliknij
  skicka radera betala oppna skriv svara klicka slet slett betal apne posli smaz zaplat otevri gonder gonderin silin odeyin
  kirim kirimkan hapus bayar buka tulis trimite sterge plateste laheta poista maksa kuldd torold fizess`.split(
    /\s+/,
  );

const ASKED = new RegExp(`\\b(?:${ASKING.join('|')})\\b`, 'i');
const ORDERED = new RegExp(
  `(?:^|[.!?\\n:;,>])[\\s"'*\\d.()\\-\\u00a1\\u00ab\\u00bf\\u2018-\\u201e]{0,8}(?:${ORDERS.join('|')})[\\s'\\u2019-]`,
  'i',
);

const isPlain = (word: string): boolean => /^[a-z]+$/.test(word);

/**
 * Words of which one stands in whatever is told of a text in our letters alone: as a request, as an order, or as one that
 * needs such words.
 */
export const FOREIGN: Readonly<Record<'asked' | 'ordered' | 'needed', readonly string[]>> = {
  asked: ASKING.map((phrase) => /[a-z]{3,}/.exec(phrase)![0]),
  ordered: ORDERS,
  needed: [...FUNCTION_WORDS].filter(isPlain),
};

const OTHERS = /[\p{Script=Latin}\P{L}]+/gu;
/** A name of a place in brackets has fewer. */
const FEWEST_LETTERS = 4;

/**
 * Whether another language stands in a text, though English stands around it: letters of another script, words that such
 * a language needs and that stand near one another, or how it asks and orders. Takes NFKC. Linear.
 */
export function isForeign(text: string): boolean {
  if (text.replace(OTHERS, '').length >= FEWEST_LETTERS) return true;
  const bare = text.normalize('NFD').replace(/\p{M}+/gu, '');
  return ASKED.test(bare) || ORDERED.test(bare) || hasFunctionWords(text);
}

/** The same of a text in ASCII, by which of the words above stand in it. */
export function isForeignAscii(text: string, held: Readonly<Record<keyof typeof FOREIGN, boolean>>): boolean {
  return (
    (held.asked && ASKED.test(text)) ||
    (held.ordered && ORDERED.test(text)) ||
    (held.needed && hasFunctionWords(text))
  );
}

function hasFunctionWords(text: string): boolean {
  const met: number[] = [];
  let words = 0;
  let from = -1;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && isWordLetter(text.charCodeAt(i))) {
      if (from < 0) from = i;
    } else if (from >= 0) {
      words++;
      if (i - from <= LONGEST_WORD && FUNCTION_WORDS.has(text.slice(from, i).toLowerCase())) {
        met.push(words);
        const first = met[met.length - FEWEST_WORDS];
        if (first !== undefined && words - first < MOST_APART) return true;
      }
      from = -1;
    }
  }
  return false;
}

function isWordLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c > 127;
}
