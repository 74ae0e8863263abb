// Setting a site up.

export const setupWords = {
  setup: {
    title: 'Set this site up',
    about: 'From an empty node to the first study read with another site. Leave at any moment: what is done is seen from the node itself.',
    done: 'done',
    open: 'to be done',
    whole: 'All is done. This page stays under Settings.',
    later: 'Go on later',
    finish: 'To the home page',
    near: 'Only this machine can reach: {{settings}}',
    nearMore: 'Modalities and other sites cannot. Name an address of this machine in confrere.toml for each of these settings, and restart the node. What stands between this site and the others (firewall, NAT) is named in overlay.advertise and pixels.advertise.',
    atModality: 'At the modality, make this node known as {{title}} at {{at}}, then press its own test: it shows below as heard.',
    step: {
      site: { title: 'This site', help: 'Name, AE title and addresses as they are. They stand in confrere.toml; other sites see the name, modalities use the AE title.' },
      user: { title: 'First person', help: 'An administrator is no physician: who reads, asks or prepares examinations needs an account of their own. The password is made here, shown once, and changed at the first sign-in.' },
      ae: { title: 'First modality', help: 'Make a scanner or PACS known by its AE title and address. Then test both ways: this node asks it (C-ECHO), and it asks this node.' },
      peer: { title: 'First confrère', help: 'Pair with another site: one side invites, the other joins with the invitation and a code said on the telephone, and both compare six digits. Nothing is shared before both have signed an agreement.' },
    },
  },
};
