// What Dash, Plotly and the pages put on `window`.
interface Window {
  dash_clientside: any;
  mri: any;
  Plotly: any;
}
