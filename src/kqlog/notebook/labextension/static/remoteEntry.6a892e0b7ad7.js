// JupyterLab's way to load what is not part of it: a container of webpack's module federation, written by hand. It has one
// module, ./extension, and takes CodeMirror from JupyterLab itself. A cell that begins with %%kql gets the language below.
'use strict';

var _JUPYTERLAB = globalThis._JUPYTERLAB ?? {};
globalThis._JUPYTERLAB = _JUPYTERLAB;

(() => {
  const MIME = 'text/x-kqlog';
  const MAGIC = /^%%kql\b/;
  // The words of the grammar.
  const WORDS = new Set(
    ('access aggregations alias and as asc assert-schema bagexpansion base between by consume contains contains_cs containscs ' +
      'count database datatable declare default delta desc distinct edges endswith endswith_cs entity_group evaluate extend facet ' +
      'false filter find first fork from getschema granny-asc granny-desc graph-mark-components graph-match graph-shortest-paths ' +
      'graph-to-table graph-where-edges graph-where-nodes has has_all has_any has_cs hasprefix hasprefix_cs hassuffix ' +
      'hassuffix_cs id in inline_external_table invoke join kind last let like likecs limit lookup macro-expand make-graph ' +
      'make-series matches regex materialize materialized-view-combine mv-apply mv-expand mvapply mvexpand nodes notcontains ' +
      'notcontainscs notlike notlikecs nulls of on optional or order others parse parse-kv parse-where partition partitioned-by ' +
      'pattern print project project-away project-by-names project-keep project-rename project-reorder project-smart ' +
      'query_parameters range reduce render restrict sample sample-distinct scan search serialize set sort startswith ' +
      'startswith_cs step summarize take to top top-hitters top-nested toscalar totable true typeof union view where with ' +
      'with_itemindex').split(' ')
  );
  // Those that are functions before a bracket.
  const CALLED = new Set(['count', 'range']);
  const LITERAL = /^(?:datetime|date|timespan|time|guid|bool|int|long|real|double|decimal)\([^()\n]*\)/;
  const STRING = /^[hH]?(?:@"(?:""|[^"])*"?|@'(?:''|[^'])*'?|"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)/;
  const NUMBER = /^\d+(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?[a-z]*/;
  const HYPHENED = /^[a-z]+(?:-[a-z]+)+/;
  const WORD = /^[$!]?[A-Za-z_]\w*/;
  const FENCES = ['```', '~~~'];

  function token(stream, state) {
    if (state.fence) {
      if (stream.skipTo(state.fence)) {
        stream.match(state.fence);
        state.fence = null;
      } else {
        stream.skipToEnd();
      }
      return 'string';
    }
    if (state.first && stream.sol() && stream.match(MAGIC)) {
      stream.skipToEnd();
      state.first = false;
      return 'meta';
    }
    state.first = false;
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    for (const fence of FENCES) {
      if (stream.match(fence)) {
        state.fence = fence;
        return 'string';
      }
    }
    if (stream.match(LITERAL)) return 'atom';
    if (stream.match(STRING)) return 'string';
    if (stream.match(NUMBER)) return 'number';
    const hyphened = stream.match(HYPHENED, false);
    if (hyphened && WORDS.has(hyphened[0])) {
      stream.match(HYPHENED);
      return 'keyword';
    }
    const word = stream.match(WORD);
    if (word) {
      const called = /^\s*\(/.test(stream.string.slice(stream.pos));
      if (WORDS.has(word[0].replace(/^!/, '')) && !(called && CALLED.has(word[0]))) return 'keyword';
      return called ? 'variableName.function' : 'variableName';
    }
    if (stream.match(/^(?:[=!<>]=|=~|!~|\.\.|=>|[-+*/%<>=|])/)) return 'operator';
    stream.next();
    return null;
  }

  function activate(app, languages, extensions, { LanguageSupport, StreamLanguage }) {
    const parser = {
      name: 'kqlog',
      startState: () => ({ first: true, fence: null }),
      copyState: state => ({ ...state }),
      token,
      languageData: { commentTokens: { line: '//' } }
    };
    languages.addLanguage({
      name: 'kqlog',
      displayName: 'KQL (kqlog)',
      mime: MIME,
      load: async () => new LanguageSupport(StreamLanguage.define(parser))
    });
    extensions.addExtension({
      name: 'kqlog:cells',
      factory: ({ model }) => {
        let before = null;
        const isQuery = () => MAGIC.test(model.sharedModel.getSource());
        const look = async () => {
          const found = model.mimeType;
          if (found === MIME && !isQuery()) {
            model.mimeType = before ?? 'text/x-python';
          } else if (found !== MIME && isQuery()) {
            // The editor is still fetching that language, and would put it in the place of ours when it comes.
            await languages.getLanguage(found).catch(() => null);
            if (model.mimeType === found && isQuery()) {
              before = found;
              model.mimeType = MIME;
            }
          }
        };
        model.sharedModel.changed.connect(look);
        // JupyterLab gives all cells the language of the kernel once that is known.
        model.mimeTypeChanged.connect(look);
        queueMicrotask(look);
        return null;
      }
    });
  }

  async function shared(scope, name) {
    const versions = Object.values(scope[name]);
    return (await versions[versions.length - 1].get())();
  }

  let scope = null;
  _JUPYTERLAB.kqlog = {
    init: given => {
      scope = given;
    },
    get: async () => {
      const [{ IEditorExtensionRegistry, IEditorLanguageRegistry }, language] = await Promise.all([
        shared(scope, '@jupyterlab/codemirror'),
        shared(scope, '@codemirror/language')
      ]);
      const plugin = {
        id: 'kqlog:cells',
        description: 'Colours for cells that begin with %%kql.',
        autoStart: true,
        requires: [IEditorLanguageRegistry, IEditorExtensionRegistry],
        activate: (app, languages, extensions) => activate(app, languages, extensions, language)
      };
      return () => ({ __esModule: true, default: plugin });
    }
  };
})();
