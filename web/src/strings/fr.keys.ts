// Les clés qui parlent pour les sites.

export const keyWords = {
  key: {
    title: 'Clé du site',
    about: 'Elle signe et parle pour ce site. Une nouvelle est signée par la précédente : accords et copies restent.',
    own: 'Clé en usage',
    since: 'Depuis',
    first: 'la première',
    left: 'Changements possibles',
    peers: 'Clés des confrères',
    conflict: 'Deux clés prétendent succéder à celle de {{site}}, et l’une n’est pas le site. Rien ne passe. Téléphonez à son administrateur, puis appairez les sites à nouveau.',
    void: 'Les autorisations de la clé précédente sont nulles à partir du {{at}}.',
    change: 'Changer la clé',
    changeAbout: 'Les confrères connectés prennent la nouvelle clé aussitôt, les autres au prochain contact. Faites ensuite une sauvegarde : une plus ancienne a l’ancienne clé.',
    compromised: 'La clé est peut-être dans d’autres mains',
    compromisedHelp: 'Les autorisations données avec elle sont nulles à partir du moment ci-dessous. Téléphonez ensuite aux administrateurs des confrères.',
    voidFrom: 'Depuis quand',
    submit: 'Changer la clé',
    done: 'Le site a une nouvelle clé. Faites une sauvegarde maintenant.',
    told: 'Connue de : {{sites}}.',
    untold: 'Ceux-ci l’apprendront au prochain contact : {{sites}}.',
    lost: 'C’est un confrère qui a perdu sa clé',
    lostNone: 'Non, un nouveau confrère',
    lostHelp: 'L’ancienne clé est révoquée, les copies qui en viennent sont effacées, et ses accords sont proposés à nouveau.',
  },
};
