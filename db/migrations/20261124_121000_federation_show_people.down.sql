drop view federation.own_links;
drop view federation.owner_details;
drop view federation.user_mapping_details;
