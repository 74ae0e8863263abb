import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { newQueryClient } from './api/queries';
import { App } from './app/App';
import { startLanguage } from './lib/language';

const root = document.getElementById('root');
if (root) {
  // Not awaited at the top: the chunk that is loaded here may need this one.
  void startLanguage().then(() =>
    createRoot(root).render(
      <StrictMode>
        <BrowserRouter>
          <App client={newQueryClient()} />
        </BrowserRouter>
      </StrictMode>,
    ),
  );
}
