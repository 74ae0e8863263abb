// What the viewer is told at its start.
//
// Each reading context has its own DICOMweb root, named by the `context` query parameter. The server decides what is in
// it: nothing here can widen it.
(() => {
  const query = new URLSearchParams(location.search);
  const read = key => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const write = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // A browser that keeps nothing shows the tour again; no harm.
    }
  };

  const chosen = query.get('lng') ?? read('confrere.language') ?? navigator.language;
  const language = chosen.toLowerCase().startsWith('fr') ? 'fr' : 'en-US';
  write('i18nextLng', language);
  document.cookie = `i18next=${language}; path=/ohif; SameSite=Strict`;
  document.documentElement.lang = language;
  write('shownTours', JSON.stringify(['basicViewerTour', 'segmentationTour', 'tmtvTour']));

  const notice =
    language === 'fr' ? 'N’est pas un dispositif médical certifié' : 'Not a certified medical device';

  const rootOf = context => (/^[0-9A-Za-z_-]{1,64}$/.test(context ?? '') ? `/dicomweb/contexts/${context}` : '/dicomweb');
  const roots = root => ({ qidoRoot: root, wadoRoot: root, wadoUriRoot: root });

  window.config = {
    name: 'confrere',
    routerBasename: '/ohif',
    extensions: ['/ohif/bridge.mjs'],
    modes: [],
    customizationService: {},
    showStudyList: false,
    maxNumberOfWebWorkers: 3,
    showWarningMessageForCrossOrigin: false,
    showCPUFallbackMessage: true,
    showLoadingIndicator: true,
    experimentalStudyBrowserSort: false,
    strictZSpacingForVolumeViewport: true,
    groupEnabledModesFirst: true,
    allowMultiSelectExport: false,
    showErrorDetails: 'always',
    // The notice stands in the header instead, where it stays and hides no image.
    investigationalUseDialog: { option: 'never' },
    maxNumRequests: { interaction: 100, thumbnail: 5, prefetch: 25 },
    whiteLabeling: {
      createLogoComponentFn: React =>
        React.createElement(
          'a',
          {
            href: '/',
            title: notice,
            style: { display: 'flex', flexDirection: 'column', lineHeight: 1.15, textDecoration: 'none', paddingLeft: '8px' },
          },
          React.createElement(
            'span',
            { style: { color: '#e7ecf3', fontSize: '15px', fontWeight: 600, letterSpacing: '0.01em' } },
            'Confrere',
          ),
          React.createElement('span', { style: { color: '#9aa7b8', fontSize: '10.5px' } }, notice),
        ),
    },
    defaultDataSourceName: 'confrere',
    dataSources: [
      {
        namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
        sourceName: 'confrere',
        configuration: {
          friendlyName: 'Confrere',
          name: 'confrere',
          ...roots(rootOf(query.get('context'))),
          onConfiguration: (configuration, { query: asked }) => ({
            ...configuration,
            ...roots(rootOf(asked?.get?.('context') ?? query.get('context'))),
          }),
          qidoSupportsIncludeField: true,
          supportsFuzzyMatching: true,
          supportsWildcard: true,
          imageRendering: 'wadors',
          thumbnailRendering: 'thumbnail',
          thumbnailRequestStrategy: 'fetch',
          enableStudyLazyLoad: true,
          staticWado: false,
          dicomUploadEnabled: false,
          singlepart: 'bulkdata,video',
          bulkDataURI: { enabled: true, relativeResolution: 'studies' },
          omitQuotationForMultipartRequest: true,
        },
      },
    ],
    httpErrorHandler: error => {
      window.dispatchEvent(new CustomEvent('confrere:http-error', { detail: { status: error?.status ?? 0 } }));
    },
  };
})();
