// What stands for images until they are here.

export const previewWords = {
  previews: {
    menu: 'At a glance…',
    title: 'The study at a glance',
    mark: 'PREVIEW, NOT DIAGNOSTIC',
    about: 'Small lossy pictures, one of each series, as the site that holds the study signed them. Looking at them is an opening of the study, and is in the log.',
    none: 'The site that holds this study does not give it at a glance.',
    picture: 'Preview, not diagnostic: {{series}}',
    instances_one: '{{count}} image',
    instances_other: '{{count}} images',
    leftOut_one: '{{count}} more series is not shown.',
    leftOut_other: '{{count}} more series are not shown.',
    absent: { 'no-picture': 'no picture', unreadable: 'cannot be shown', 'no-room': 'did not fit' },
    conclusion: 'Conclusion',
    preliminary: 'PRELIMINARY',
    cut: 'There is more of it in the report.',
    by: '{{person}}, {{site}}, {{at}}',
    unsigned: 'No conclusion of a report comes with it.',
    open: 'Open in the viewer',
    signing_one: 'The only image of a study that you sign for is not here: what is shown is a preview, which is not diagnostic.',
    signing_other: 'Of {{images}} images of a study that you sign for, {{whole}} are here. The others are previews, which are not diagnostic.',
  },
};
