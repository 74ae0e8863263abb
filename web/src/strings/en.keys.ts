// The keys that speak for sites.

export const keyWords = {
  key: {
    title: 'Key of the site',
    about: 'It signs and speaks for this site. A new one is signed by the one before: agreements and copies stay.',
    own: 'Key in use',
    since: 'Since',
    first: 'the first one',
    left: 'Changes left',
    peers: 'Keys of the peers',
    conflict: 'Two keys claim to follow that of {{site}}, and one of them is not the site. Nothing passes. Speak with its administrator by telephone, then pair the sites again.',
    void: 'Grants of the key before are void from {{at}} on.',
    change: 'Change the key',
    changeAbout: 'Connected peers take the new key at once, others when they meet this site. Take a backup afterwards: one from before has the old key.',
    compromised: 'The key may be in other hands',
    compromisedHelp: 'Grants given with it are void from the time below on. Telephone the administrators of the peers afterwards.',
    voidFrom: 'Since when',
    submit: 'Change the key',
    done: 'The site has a new key. Take a backup now.',
    told: 'Known to: {{sites}}.',
    untold: 'These learn it when they are met: {{sites}}.',
    lost: 'It is a peer that lost its key',
    lostNone: 'No, a new peer',
    lostHelp: 'The old key is revoked, copies from it are erased, and its agreements are offered anew.',
  },
};
