// Whether a place of the page has come into view: for what is too much to fetch before anyone looks.
import { useCallback, useRef, useState } from 'preact/hooks';

/** Whether the marked element was ever seen, and what marks it. */
export function useSeen(): [boolean, (element: HTMLElement | null) => void] {
  const [seen, set] = useState(false);
  const observer = useRef<IntersectionObserver | null>(null);
  const mark = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (element === null) return;
    observer.current = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      set(true);
      observer.current?.disconnect();
    });
    observer.current.observe(element);
  }, []);
  return [seen, mark];
}
