// La mise en route d'un site.

export const setupWords = {
  setup: {
    title: 'Mettre ce site en route',
    about: 'D’un nœud vide au premier examen lu avec un autre site. Quittez à tout moment : ce qui est fait se voit sur le nœud lui-même.',
    done: 'fait',
    open: 'à faire',
    whole: 'Tout est fait. Cette page reste dans Réglages.',
    later: 'Continuer plus tard',
    finish: 'Vers l’accueil',
    near: 'Accessibles de cette machine seulement : {{settings}}',
    nearMore: 'Ni les modalités ni les autres sites ne peuvent les joindre. Indiquez dans confrere.toml une adresse de cette machine pour chacun de ces réglages, puis redémarrez le nœud. Ce qui se trouve entre ce site et les autres (pare-feu, NAT) s’indique dans overlay.advertise et pixels.advertise.',
    atModality: 'Sur la modalité, déclarez ce nœud comme {{title}} à l’adresse {{at}}, puis lancez son propre test : il apparaît ci-dessous comme entendu.',
    step: {
      site: { title: 'Ce site', help: 'Le nom, l’AE title et les adresses tels qu’ils sont. Ils se trouvent dans confrere.toml ; les autres sites voient le nom, les modalités utilisent l’AE title.' },
      user: { title: 'Première personne', help: 'Un administrateur n’est pas médecin : qui lit, demande ou prépare des examens a besoin de son propre compte. Le mot de passe est créé ici, montré une seule fois, et changé à la première connexion.' },
      ae: { title: 'Première modalité', help: 'Déclarez un appareil ou un PACS par son AE title et son adresse. Puis testez dans les deux sens : ce nœud l’interroge (C-ECHO), et il interroge ce nœud.' },
      peer: { title: 'Premier confrère', help: 'Appairez un autre site : l’un invite, l’autre rejoint avec l’invitation et un code dit au téléphone, et les deux comparent six chiffres. Rien n’est partagé avant que les deux aient signé un accord.' },
    },
  },
};
