// Digital signatures that objects carry.

export const signatureWords = {
  signatures: {
    menu: 'Digital signatures…',
    title: 'Digital signatures of this study',
    about:
      'Signatures that the equipment or a physician put into the objects, before they were received. Each says something of the elements that it names, and nothing of the others.',
    standing: {
      none: 'No object of this study carries a digital signature.',
      valid: 'All signatures are valid, by signers whom this site knows.',
      'unknown-signer': 'All signatures are valid, but signed by certificates that this site does not know.',
      weak: 'Signatures use a method that proves little.',
      unchecked: 'Signatures cannot be checked.',
      broken: 'A signature is broken: something that it names is not what was signed.',
    },
    counted: '{{signed}} of {{objects}} objects are signed.',
    unread_one: '{{count}} is too large, or one too many, to be checked at once.',
    unread_other: '{{count}} are too large or too many to be checked at once.',
    state: { valid: 'valid', broken: 'broken', unchecked: 'cannot be checked' },
    why: {
      incomplete: 'Its parts are missing or cannot be read.',
      method: 'The method is too weak, or not known here.',
      elements: 'It names elements that must not be signed.',
      encoding: 'It was made over pixels in another encoding.',
    },
    item: 'Of one item alone: {{item}}',
    by: 'Signed by',
    issuer: 'Certificate of',
    known: 'This site knows the authority of this certificate.',
    unknown: 'Signed by a certificate that this site does not know.',
    outOfDate: 'The certificate is out of date.',
    valid: 'Valid from {{from}} to {{to}}',
    at: 'Made {{at}}, as it says',
    covers_one: 'It names {{count}} element.',
    covers_other: 'It names {{count}} elements.',
    pixels: 'The pixels are among them.',
    noPixels: 'The pixels are not among them.',
    weak: '{{hash}}: proves little',
  },
};
