// While a lesson is on its way.
import { SiteHeader } from '../../components/site-header.tsx';

export default function Loading() {
  return <><SiteHeader /><main id="main" className="centred"><p className="label" role="status">Opening the lesson…</p></main></>;
}
