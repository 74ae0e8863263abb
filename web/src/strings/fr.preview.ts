// Ce qui tient lieu d’images tant qu’elles ne sont pas là.

export const previewWords = {
  previews: {
    menu: 'Coup d’œil…',
    title: 'L’examen en un coup d’œil',
    mark: 'APERÇU, NON DIAGNOSTIQUE',
    about: 'De petites images avec perte, une par série, telles que le site détenteur les a signées. Les regarder est une ouverture de l’examen, et figure au journal.',
    none: 'Le site détenteur de cet examen ne le donne pas en un coup d’œil.',
    picture: 'Aperçu, non diagnostique : {{series}}',
    instances_one: '{{count}} coupe',
    instances_other: '{{count}} coupes',
    leftOut_one: '{{count}} autre série n’est pas montrée.',
    leftOut_other: '{{count}} autres séries ne sont pas montrées.',
    absent: { 'no-picture': 'pas d’image', unreadable: 'ne peut pas être montrée', 'no-room': 'pas de place' },
    conclusion: 'Conclusions',
    preliminary: 'PROVISOIRE',
    cut: 'La suite est dans le compte rendu.',
    by: '{{person}}, {{site}}, le {{at}}',
    unsigned: 'Aucune conclusion de compte rendu ne l’accompagne.',
    open: 'Ouvrir dans le visualiseur',
    signing_one: 'La seule image d’un examen pour lequel vous signez n’est pas là : ce qui est montré est un aperçu, non diagnostique.',
    signing_other: 'Sur {{images}} images d’un examen pour lequel vous signez, {{whole}} sont là. Les autres sont des aperçus, non diagnostiques.',
  },
};
