// Light, dark, or as the system says; remembered. Loaded in the head, before anything is painted.
'use strict';
{
  const CHOICES = ['auto', 'light', 'dark'];
  const root = document.documentElement;
  const remembered = () => {
    try { return localStorage.getItem('swf-theme'); } catch { return null; }
  };
  const apply = (choice) => {
    root.dataset.theme = CHOICES.includes(choice) ? choice : 'auto';
    document.querySelector('#theme')?.replaceChildren(`Theme: ${root.dataset.theme}`);
    document.dispatchEvent(new Event('swf:theme'));
  };
  apply(remembered());
  document.addEventListener('DOMContentLoaded', () => {
    apply(root.dataset.theme);
    document.querySelector('#theme')?.addEventListener('click', () => {
      const next = CHOICES[(CHOICES.indexOf(root.dataset.theme) + 1) % CHOICES.length];
      try { localStorage.setItem('swf-theme', next); } catch { /* private window: not remembered */ }
      apply(next);
    });
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(root.dataset.theme));
}
