#include <algorithm>
#include <vector>

#include "kinspace/profile/names.h"
#include "kinspace/profile/suggest_column.h"

namespace kin {
namespace {

bool names_who(std::string_view name) {
  return is_named(name,
                  {"user",      "userid",  "uid",       "customer", "customerid", "client",   "clientid",   "visitor",
                   "visitorid", "session", "sessionid", "member",   "memberid",   "account",  "accountid",  "reader",
                   "student",   "person",  "personid",  "basket",   "basketid",   "reviewer", "reviewerid", "author"});
}

bool names_what(std::string_view name) {
  return is_named(
      name,
      {"item",      "itemid", "movie",   "movieid", "product",   "productid", "sku",      "asin",       "isbn",
       "book",      "bookid", "track",   "trackid", "song",      "songid",    "artist",   "artistid",   "article",
       "articleid", "page",   "pageid",  "video",   "videoid",   "show",      "business", "businessid", "listing",
       "listingid", "game",   "gameid",  "anime",   "animeid",   "course",    "courseid", "iid",        "stockcode",
       "lecturer",  "goods",  "goodsid", "content", "contentid", "doc",       "docid",    "url",        "package"});
}

bool names_rating(std::string_view name) {
  return is_named(name, {"rating", "ratings", "score", "stars", "star", "grade", "value", "overall", "preference"});
}

/// Numbers that say which came first, if they are no times.
bool names_when(std::string_view name) {
  return is_named(name, {"time", "timestamp", "ts", "date", "datetime", "when", "order", "sequence", "seq", "step"});
}

/// Keys that come again: they can stand for a group or an item.
bool are_keys(const ColumnProfile& column) {
  return column.cells == Cells::kSingle && column.type != ColumnType::kNumber && column.time == TimeForm::kNone &&
         column.missing == 0 && column.distinct > 1 && column.distinct < column.values && column.shape.split.empty();
}

bool is_rating(const ColumnProfile& column) {
  constexpr std::int64_t kMostSteps = 101;
  return column.type != ColumnType::kString && column.cells == Cells::kSingle && column.time == TimeForm::kNone &&
         column.distinct <= kMostSteps;
}

bool says_when(const ColumnProfile& column) {
  if (column.cells != Cells::kSingle || column.missing > 0 || column.time == TimeForm::kOther) return false;
  return column.time != TimeForm::kNone || (column.type != ColumnType::kString && names_when(column.name));
}

/// "column1", as files without a header are read.
bool has_no_name(const ColumnProfile& column, std::size_t place) {
  return column.name == "column" + std::to_string(place + 1);
}

}  // namespace

std::optional<RatingColumns> find_ratings(const TableProfile& table) {
  const std::vector<ColumnProfile>& columns = table.columns;
  std::optional<std::size_t> group;
  std::optional<std::size_t> item;
  RatingColumns found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const ColumnProfile& column = columns[i];
    if (!group && names_who(column.name) && are_keys(column)) {
      group = i;
    } else if (!item && names_what(column.name) && are_keys(column)) {
      item = i;
    } else if (!found.time && says_when(column)) {
      found.time = i;
    } else if (!found.rating && names_rating(column.name) && is_rating(column)) {
      found.rating = i;
    }
  }
  constexpr std::size_t kMostUnnamed = 4;
  const bool unnamed =
      columns.size() >= 2 && columns.size() <= kMostUnnamed && has_no_name(columns[0], 0) && has_no_name(columns[1], 1);
  if (unnamed && are_keys(columns[0]) && are_keys(columns[1])) {
    group = 0;
    item = 1;
    for (std::size_t i = 2; i < columns.size(); ++i) {
      if (!found.rating && is_rating(columns[i])) found.rating = i;
    }
  }
  if (!group || !item) return std::nullopt;
  found.group = *group;
  found.item = *item;
  return found;
}

}  // namespace kin
